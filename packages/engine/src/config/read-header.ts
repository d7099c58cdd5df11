import { openDocument, type DocumentOptions } from './document';
import type { ConfigHeader } from './header';
import type { Diagnostic } from './types';

export type HeaderResult = { header: ConfigHeader; errors?: undefined } | { errors: Diagnostic[]; header?: undefined };

/** What an avocado.yaml says about machine targets; needs none, and looks at nothing else in the file. */
export function readHeader(file: string, options: DocumentOptions = {}): HeaderResult {
  const { parsed, diagnostics } = openDocument(file, options);
  if (parsed === undefined || diagnostics.hasErrors) return { errors: diagnostics.errors };
  const { default_target, supported_targets, machines } = parsed.header;
  return { header: { supported_targets, machines, ...(default_target === undefined ? {} : { default_target }) } };
}
