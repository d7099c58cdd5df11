export { flash } from './flash';
export type { Ask } from './flash';
