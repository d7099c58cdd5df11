export { cargoCross } from './cargo-cross';
export { sdkRun, sdkRunFailure } from './sdk-run';
export { compileFiles } from './declared';
export { sdkCompile } from './sdk-compile';
export { listSources } from './sources';
export type { SourceFile } from './sources';
