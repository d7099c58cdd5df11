/** What can be wrong with a remote cache, as far as the user does something else about it. */
export type Kind = 'unreachable' | 'slow' | 'refused' | 'failing' | 'damaged' | 'too-large' | 'full' | 'no-space-here';

/** A request to the remote cache that came to nothing. */
export class Trouble extends Error {
  constructor(
    readonly kind: Kind,
    /** For the reader: `it answered 500`. */
    message: string,
  ) {
    super(message);
  }
}

const advice: Record<Kind, string> = {
  unreachable: 'This run goes on without it. Is it up, and NX_SELF_HOSTED_REMOTE_CACHE_SERVER right?',
  slow: 'This run goes on without it. NX_AVOCADO_REMOTE_CACHE_TIMEOUT (seconds) says how long it is waited for.',
  refused: 'This run goes on without it. Is NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN one of its tokens?',
  failing: 'What it does not give is built here. Its log says more.',
  damaged: 'What it does not give whole is built here. Remove that file from the server: nothing else replaces it.',
  'too-large': 'Such an output stays on this machine. On nginx, client_max_body_size is the limit.',
  full: 'Outputs of this run stay on this machine. Is its disk full? Its log says more.',
  'no-space-here': 'What cannot be kept for a moment is built here. TMPDIR says where that is.',
};

/** One line: `remote cache https://cache.example.com: it answered 500. … [REMOTE_CACHE_FAILING]`. */
export function warning({ kind, message }: Trouble, url: string): string {
  const { origin } = new URL(url);
  return `remote cache ${origin}: ${message}. ${advice[kind]} [REMOTE_CACHE_${kind.toUpperCase().replaceAll('-', '_')}]`;
}

/** After these nothing more is asked of it in this run: each further request would cost as much. */
export const endsReading: readonly Kind[] = ['unreachable', 'slow', 'refused'];
export const endsWriting: readonly Kind[] = [...endsReading, 'full'];
