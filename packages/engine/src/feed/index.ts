export type * from './types';
export { buildArchitecture, feedData, feedDirectory, machine, machineNames } from './data';
export type { FeedData, RootRecipe } from './data';
export { parseMachine } from './machine';
export type { Machine } from './machine';
export { mapPackage } from './map';
export type { PackageMap } from './map';
export { rootRequests } from './requests';
export type { RequestOptions, RootRequests } from './requests';
export type { Project } from './wants';
export { resolveRoots, rootArchitecture, rootSpec } from './resolve';
export { emulationFor } from './emulation';
export type { Emulation } from './emulation';
export { fetchPackages } from './fetch';
export { packageFiles } from './package-files';
export type { PackageFiles } from './package-files';
export { openRoot, rootfsTar } from './root';
export type { OpenOptions } from './root';
export { packageExtension } from './extensions';
export type { PackageExtension } from './extensions';
export { includeDirectory, placeIncludeConfig } from './avocado';
export {
  avocadoRequests,
  avocadoSource,
  connectionVariables,
  dockerImages,
  formatRequest,
  tellMoved,
  openRpmRoot,
} from './avocado';
export type { AvocadoSource, FeedContext, RepoSnapshot } from './avocado';
