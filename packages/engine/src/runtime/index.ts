export { buildRootfs } from './rootfs';
export type { RootfsRecord } from './rootfs';
