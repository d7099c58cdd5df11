export { addEntry, appendItem } from './add';
export { addRuntime, listExtension } from './list';
export { removeEntry, replaceEntry } from './take';
