/** What starts a program of an extension on the device. */
export type Service = 'simple' | 'oneshot' | 'none';

/** Options that the generators of extensions have in common; their schemas describe them. */
export interface ExtensionOptions {
  name: string;
  runtime?: string;
  service?: Service;
  layout?: 'section' | 'folder';
  directory?: string;
  summary?: string;
  onMerge?: string[];
  machine?: string;
  lock?: boolean;
  skipFormat?: boolean;
}
