export { flash } from './flash';
export type { Ask } from './flash';
export { readBack } from './read-back';
export { writeImage } from './write-image';
