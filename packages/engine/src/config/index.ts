export * from './types';
export { COMPATIBLE_CLI_VERSION } from './cli-requirement';
export { diagnosticsError, formatDiagnostic } from './diagnostics';
export type { DocumentOptions, Reads } from './document';
export {
  addEntry,
  addRuntime,
  appendItem,
  entryKeys,
  entryText,
  entryValue,
  extensionFile,
  listExtension,
  removeEntry,
  replaceEntry,
} from './edit';
export type { ConfigHeader } from './header';
export { LIMITS } from './limits';
export { loadConfig, loadConfigOrThrow, type LoadOptions, type LoadResult, type PositionOf } from './load';
export { accountNameProblem, nameProblem, pathProblem } from './names';
export { nearest, suggest } from './nearest';
export { readHeader, type HeaderResult } from './read-header';
export { resolveBoard, resolveMachine, resolveRuntime, type Environment } from './resolve';
export { KNOWN_TARGETS } from './targets';
