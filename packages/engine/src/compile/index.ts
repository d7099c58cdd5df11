export { cargoCross } from './cargo-cross';
export { sdkCompile } from './sdk-compile';
