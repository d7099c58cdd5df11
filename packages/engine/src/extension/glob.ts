/**
 * A pattern of avocado.yaml (`var_files`, `preprocess`) for paths relative to the sysroot: `*` and `?` stay within a
 * path component, `**` crosses them, `[a-z]` and `{a,b}` choose. A pattern that names a directory takes all below it.
 */
export function globToRegExp(pattern: string): RegExp {
  const clean = pattern.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  return new RegExp(`^${translate(clean)}(?:/.*)?$`, 's');
}

export function matchesAny(path: string, patterns: string[]): boolean {
  return patterns.some((pattern) => globToRegExp(pattern).test(path));
}

function translate(pattern: string): string {
  let depth = 0;
  const text = pattern.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|\\.|[{},]|[^*?[\\{},]+|[^]/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token === '{') {
      depth += 1;
      return '(?:';
    }
    if (token === '}' && depth > 0) {
      depth -= 1;
      return ')';
    }
    if (token === ',' && depth > 0) return '|';
    if (/^\[.+\]$/.test(token)) return `[${token.slice(1, -1).replace(/^!/, '^').replace(/[\\[]/g, '\\$&')}]`;
    return (token.length > 1 && token.startsWith('\\') ? token.slice(1) : token).replace(
      /[\\^$.*+?()[\]{}|/]/g,
      '\\$&',
    );
  });
  return text + ')'.repeat(depth);
}
