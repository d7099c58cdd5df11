export * from './types';
export { createSandboxRunner } from './sandbox';
export { shellCommand, shellQuote } from './quote';
