import { Lexer } from 'yaml';
import type { Diagnostics } from './diagnostics';
import { LIMITS } from './limits';

/**
 * Refuses nesting that the YAML parser could not bear, before it sees the text. Its recursion follows flow brackets and
 * indentation, and it builds regular expressions as wide as the indentation: some thousand columns of it abort the
 * whole process, where nothing can be caught. The lexer does not recurse.
 */
export function checkNesting(text: string, diagnostics: Diagnostics): boolean {
  let offset = 0;
  let lineStart = 0;
  let open = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === DOCUMENT_MARK || token === FLOW_END || token === SCALAR_MARK) continue;
    const column = offset - lineStart;
    if (token === '[' || token === '{') open++;
    else if (token === ']' || token === '}') open = Math.max(0, open - 1);
    const nests = token === '-' || token === '?';
    const indents = column === 0 && token.length > LIMITS.indent && token.trim() === '';
    if (open > LIMITS.depth || indents || (nests && column > LIMITS.indent)) {
      const limit = open > LIMITS.depth ? `${LIMITS.depth} levels` : `${LIMITS.indent} columns`;
      diagnostics.error(offset, { code: 'CONFIG_TOO_DEEP', message: `nested deeper than ${limit}` });
      return false;
    }
    offset += token.length;
    const newline = token.lastIndexOf('\n');
    if (newline !== -1) lineStart = offset - (token.length - newline - 1);
  }
  return true;
}

/** Marks that the lexer yields between tokens; they stand for no characters of the text. */
const DOCUMENT_MARK = '\u0002';
const FLOW_END = '\u0018';
const SCALAR_MARK = '\u001f';
