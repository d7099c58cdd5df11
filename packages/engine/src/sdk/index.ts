export * from './types';
export { createSandboxRunner } from './sandbox';
export { shellCommand, shellQuote } from './quote';
export { architectures } from './architecture';
export type { Architecture } from './architecture';
export { scriptEnvironment, sdkPaths, setupEnvironment } from './environment';
export type { ScriptEnvironmentOptions, SdkPaths } from './environment';
export { prefixEntries, sysrootLinks } from './prefix';
export type { PrefixEntry } from './prefix';
