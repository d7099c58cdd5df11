import { hooks } from './remote-cache/hooks';

/** The Nx plugin: what nx.json's `plugins` loads. Executors and generators are found through their own json files. */
export const name = 'nx-avocado';
export { createNodes, createNodes as createNodesV2 } from './graph/create-nodes';
export const { preTasksExecution, postTasksExecution } = hooks;
export type { PluginOptions } from './graph/options';
