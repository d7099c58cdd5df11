export { addEntry, appendItem } from './add';
export { extensionFile } from './extract';
export { addRuntime, entryKeys, entryValue, listExtension } from './list';
export { entryText, removeEntry, replaceEntry } from './take';
