export { deviceFiles } from './files';
export type { DeviceFile } from './files';
export { generatorMasks, unitLinks } from './units';
