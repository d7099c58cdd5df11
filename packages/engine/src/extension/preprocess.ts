/** `{{ env.X }}`, `{{ config.a.b }}`, `{{ avocado.target }}`: avocado.yaml's own grammar (contract 1.8). */
const expression = /\{\{\s*((?:env|config|avocado)\.[^{}\s]+)\s*\}\}/g;

/** A text's expressions, each once, sorted: what must be resolved before the text can be preprocessed. */
export function expressionsIn(text: string): string[] {
  return [...new Set([...text.matchAll(expression)].map((match) => match[1] ?? ''))].sort();
}

/**
 * Replaces what `values` knows; leaves the rest as it stands, for overlay files may use the same braces for their own
 * templates.
 */
export function preprocess(
  text: string,
  values: Readonly<Record<string, string>>,
): { text: string; unresolved: string[] } {
  const unresolved = new Set<string>();
  const result = text.replace(expression, (whole: string, inner: string) => {
    if (Object.hasOwn(values, inner)) return values[inner] ?? '';
    unresolved.add(inner);
    return whole;
  });
  return { text: result, unresolved: [...unresolved].sort() };
}

/** Whether bytes are text that can be preprocessed: no NUL, valid UTF-8. */
export function isText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
