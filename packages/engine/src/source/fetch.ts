import { stat } from 'node:fs/promises';
import { AvocadoError } from '../error';
import { replaceDirectory, sha256, storePath } from '../store';
import { git } from './git';
import type { GitSource, LockedSource, SourceContext } from './types';
import { checkUrl } from './url';

/** A commit's name. git's newer names of 64 digits have no server yet. */
export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/**
 * The commit that a source means now. A branch goes before a tag of its name, as with `git clone --branch`.
 * @throws AvocadoError `SOURCE_URL_INVALID`, `SOURCE_UNREACHABLE`, `SOURCE_REF_UNKNOWN`
 */
export async function resolveRef({ url, ref }: GitSource, { signal }: SourceContext): Promise<string> {
  checkUrl(url);
  if (ref !== undefined && isCommit(ref)) return ref;
  const short = (name: string): string[] => [`refs/heads/${name}`, `refs/tags/${name}^{}`, `refs/tags/${name}`];
  const names = ref === undefined ? ['HEAD'] : ref.startsWith('refs/') ? [`${ref}^{}`, ref] : short(ref);
  const { code, stdout, stderr } = await git(['ls-remote', '--', url, ...names], { signal });
  if (code !== 0) throw unreachable(url, stderr);
  const found = new Map(stdout.split('\n').map((line) => line.split('\t').reverse() as [string, string]));
  // Patterns to git: what they matched beside was not asked for.
  const commit = names.map((name) => found.get(name)).find((value) => value !== undefined && isCommit(value));
  if (commit !== undefined) return commit;
  throw new AvocadoError('SOURCE_REF_UNKNOWN', `${url} has no branch and no tag ${ref ?? 'HEAD'}`, {
    hint: 'Write a branch, a tag, or all 40 digits of a commit as the ref of the source.',
  });
}

/** The repository in the store that keeps what was fetched from a URL. */
export function repositoryOf(url: string): string {
  return storePath('git', sha256(url).slice(0, 24));
}

export async function hasCommit(repository: string, commit: string): Promise<boolean> {
  if (!(await stat(repository).catch(() => undefined))) return false;
  // A ref is written when everything of its commit has come.
  const { code } = await git([`--git-dir=${repository}`, 'show-ref', '--verify', '--quiet', pinRef(commit)]);
  return code === 0;
}

const pinRef = (commit: string): string => `refs/pins/${commit}`;

/**
 * Gets one commit, without its history, into the store. git proves every object by its name, which the commit holds.
 * @throws AvocadoError `SOURCE_UNREACHABLE`, `SOURCE_COMMIT_VANISHED`
 */
export async function fetchCommit(
  { url, commit }: Pick<LockedSource, 'url' | 'commit'>,
  { reporter, signal }: SourceContext,
): Promise<void> {
  checkUrl(url);
  const repository = repositoryOf(url);
  if (!(await stat(repository).catch(() => undefined))) {
    await replaceDirectory(repository, async (directory) => {
      const { code, stderr } = await git(['init', '--quiet', '--bare', '--template=', '--', directory], {
        isolated: true,
      });
      if (code !== 0) throw new AvocadoError('STORE_FAILED', `git cannot make ${directory}`, { output: stderr });
    });
  }
  const step = reporter.step(`fetch ${commit.slice(0, 12)} from ${url}`);
  const fetch = (...args: string[]) =>
    git([`--git-dir=${repository}`, 'fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...args], { signal });
  const wanted = `+${commit}:${pinRef(commit)}`;
  let { code, stderr } = await fetch('--depth=1', '--', url, wanted);
  if (code !== 0 && /unadvertised object/.test(stderr)) {
    // A server that gives branches and tags alone: the commit may be in one of them.
    ({ code, stderr } = await fetch('--', url, '+refs/heads/*:refs/all/heads/*', '+refs/tags/*:refs/all/tags/*'));
    if (code !== 0) throw unreachable(url, stderr);
    ({ code, stderr } = await git([`--git-dir=${repository}`, 'update-ref', pinRef(commit), commit], { signal }));
    if (code !== 0) throw vanished(url, commit);
  }
  if (code !== 0) throw /not our ref/.test(stderr) ? vanished(url, commit) : unreachable(url, stderr);
  const { stdout: type } = await git([`--git-dir=${repository}`, 'cat-file', '-t', pinRef(commit)], { signal });
  if (type.trim() !== 'commit') throw vanished(url, commit);
  step.done();
}

function vanished(url: string, commit: string): AvocadoError {
  return new AvocadoError('SOURCE_COMMIT_VANISHED', `${url} no longer has the commit ${commit}`, {
    hint: 'Move the pin: nx g nx-avocado:lock --update. Where the ref itself is that commit, name another one.',
  });
}

function unreachable(url: string, stderr: string): AvocadoError {
  return new AvocadoError('SOURCE_UNREACHABLE', `git cannot read ${url}`, {
    output: stderr.slice(-2000),
    hint: 'Is the address right, is there a network, and may you read it? It asks for no password: use keys or a helper.',
  });
}
