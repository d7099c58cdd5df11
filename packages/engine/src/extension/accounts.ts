import { accountFiles, applyPermissions } from '../accounts';
import { AvocadoError } from '../error';
import type { ExtensionAssembleOptions } from '../task';
import type { Sysroot } from './sysroot';
import { readAccounts } from './upstream';

/**
 * Puts the OS image's account files, with the section's users and groups applied, into the extension's /etc.
 * @returns warnings
 */
export async function stageAccounts(
  sysroot: Sysroot,
  { section, rootfs, position }: ExtensionAssembleOptions,
  workspaceRoot: string,
): Promise<string[]> {
  const { users, groups } = section;
  if (Object.keys(users).length + Object.keys(groups).length === 0) return [];
  if (!rootfs) {
    throw new AvocadoError(
      'EXTENSION_ACCOUNTS_MISSING',
      `extension ${section.name} has users or groups but no OS image`,
      {
        position,
        hint: 'Put the extension into a runtime: its accounts are added to those of the OS image.',
      },
    );
  }
  const { accounts, warnings } = applyPermissions(await readAccounts(workspaceRoot, rootfs), { users, groups });
  sysroot.origin = 'users and groups';
  for (const { name, mode } of accountFiles) await sysroot.write(`etc/${name}`, accounts[name], mode);
  return section.types.includes('confext')
    ? warnings
    : [...warnings, `extension ${section.name} has users or groups, which only a confext carries`];
}
