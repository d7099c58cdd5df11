export { writeReport } from './write';
export type { TaskTime } from './sections';
export type { RuntimeSummary } from './summary';
