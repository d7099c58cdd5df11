import { posix } from 'node:path';
import { logger } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { relativePath } from '../shared/path';
import { addLockedPackage } from './cargo-lock';
import { addMember, readWorkspace } from './members';
import type { CargoWorkspace } from './members';

/**
 * What the crate is: a member of the cargo workspace around it, alone because there is none, or detached from the one
 * around it.
 */
export type Membership = { kind: 'member'; root: string } | { kind: 'alone' } | { kind: 'detached' };

/**
 * Makes a new crate a member of the cargo workspace that it is in, as `cargo new` does; cargo would refuse to build it
 * otherwise.
 * @param wanted false keeps it out of one; true wants one to be there
 * @throws AvocadoError `CARGO_WORKSPACE_MISSING`, `CARGO_WORKSPACE_EDIT`, `CARGO_PACKAGE_EXISTS`
 */
export function joinCargoWorkspace(tree: Tree, crate: string, name: string, wanted?: boolean): Membership {
  const root = cargoRoot(tree, crate);
  if (!root) {
    if (wanted !== true) return { kind: 'alone' };
    throw new AvocadoError('CARGO_WORKSPACE_MISSING', `there is no cargo workspace around ${crate}`, {
      hint: 'Put the crate below the directory of a Cargo.toml with [workspace]: --crate <directory>',
    });
  }
  if (wanted === false) return { kind: 'detached' };
  const manifest = posix.join(root.directory, 'Cargo.toml');
  tree.write(manifest, addMember(root, relativePath(root.directory, crate), manifest));
  const lock = posix.join(root.directory, 'Cargo.lock');
  const text = tree.read(lock, 'utf8');
  if (text !== null) tree.write(lock, addLockedPackage(text, name, lock));
  else logger.warn(`${manifest} has no Cargo.lock, which builds need: type "cargo generate-lockfile", and commit it.`);
  return { kind: 'member', root: root.directory };
}

function cargoRoot(tree: Tree, crate: string): CargoWorkspace | undefined {
  for (let directory = crate; directory !== '.';) {
    directory = posix.dirname(directory);
    const text = tree.read(posix.join(directory, 'Cargo.toml'), 'utf8');
    const workspace = text === null ? undefined : readWorkspace(directory, text);
    if (workspace) {
      const path = relativePath(directory, crate);
      return workspace.exclude.some((other) => path === other || path.startsWith(`${other}/`)) ? undefined : workspace;
    }
  }
  return undefined;
}
