import { DOMParser, onErrorStopParsing } from '@xmldom/xmldom';
import type { Document, Element } from '@xmldom/xmldom';

/** Parses XML; whatever is not well-formed throws. */
export function parseXml(text: string): Document {
  return new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, 'text/xml');
}

/** The elements of a name, in the order of the document. */
export function elements(within: Document | Element, name: string): Element[] {
  return [...within.getElementsByTagName(name)];
}
