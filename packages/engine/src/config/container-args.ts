import type { EnvReader } from './interpolation-scope';

interface Complain {
  error(message: string): void;
  warn(message: string): void;
}

const VARIABLE = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/;

/**
 * Words as a POSIX shell splits them: quotes, backslashes, and `$NAME` or `${NAME}` outside single quotes. The value of
 * a variable is not split again. Nothing else of a shell happens, and no shell runs.
 */
export function splitArguments(text: string, env: EnvReader, complain: Complain): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    const next = text.charAt(index + 1);
    if (quote !== "'" && character === '$') {
      const [whole = '$', braced, bare] = VARIABLE.exec(text.slice(index)) ?? [];
      word += whole === '$' ? '$' : valueOf(braced ?? bare ?? '', env, complain);
      index += whole.length - 1;
    } else if (quote !== "'" && character === '\\' && next !== '' && (quote === '' || /["\\$`]/.test(next))) {
      word += next;
      index++;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else word += character;
  }
  if (quote !== '') complain.error(`the quote ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

function valueOf(name: string, env: EnvReader, complain: Complain): string {
  const value = env(name);
  if (value === undefined) complain.warn(`the environment variable ${name} is not set; it counts as empty`);
  return value ?? '';
}
