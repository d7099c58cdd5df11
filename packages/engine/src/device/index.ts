export { deviceFiles } from './files';
export type { DeviceFile } from './files';
export { droppedLinks, generatorMasks, unitChanges, unitLinks } from './units';
