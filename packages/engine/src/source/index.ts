export type * from './types';
export { resolveRef } from './fetch';
export { gitTree, openTree, treeConfig } from './tree';
export type { TreeContext } from './tree';
export { checkUrl } from './url';
