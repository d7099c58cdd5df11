/** Characters that no text of a configuration may hold. Tab, line feed and carriage return may. */
function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f;
}

/** The index of the first control character. */
export function findControlCharacter(text: string): number | undefined {
  for (let index = 0; index < text.length; index++) if (isControl(text.charCodeAt(index))) return index;
  return undefined;
}

/** What is wrong with the name of an extension, runtime, section or package: it becomes part of paths and arguments. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (/[/\\]/.test(name)) return 'has a path separator';
  if (name === '.' || name.includes('..')) return "has '..' or is '.'";
  if (findControlCharacter(name) !== undefined || /[\r\n\t]/.test(name)) return 'has a control character';
  // What is not known yet (a kernel's version) stays as it was written; interpolation has said so.
  if (/\{\{.*\}\}/.test(name)) return undefined;
  if (/\s/.test(name)) return 'has a space';
  if (name.startsWith('-')) return "starts with '-'";
  if (name.length > 200) return 'is longer than 200 characters';
  return undefined;
}

/** User and group names stand in passwd and group, where `:` and `,` separate. */
export function accountNameProblem(name: string): string | undefined {
  return nameProblem(name) ?? (/[:,]/.test(name) ? "has ':' or ','" : undefined);
}

/**
 * What is wrong with a path that must stay below its root, by its letters alone; links are checked where it is opened.
 * Globs are paths here too.
 */
export function pathProblem(path: string): string | undefined {
  if (path.trim() === '') return 'is empty';
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) return 'is absolute';
  if (path.includes('\\')) return "has '\\'";
  if (/[\r\n]/.test(path)) return 'has a line break';
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return 'leaves its root';
  }
  return undefined;
}
