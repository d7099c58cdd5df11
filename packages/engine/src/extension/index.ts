export { assembleExtension } from './assemble';
export type { ExtensionRecord } from './record';
export { extensionIdentity } from './identity';
export type { ExtensionIdentity } from './identity';
export { wantsPreprocessing } from './overlay';
export { expressionsIn } from './preprocess';
export { readDescriptor } from './upstream';
