import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Accounts } from '../accounts';
import { accountFiles } from '../accounts';
import { AvocadoError } from '../error';
import type { SdkDescriptor } from '../feed/types';
import { verifyManifest } from '../store';
import type { TaskOutput } from '../task';

/** Reads `sdk.json` of sdk-install, proven by its manifest. @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT` */
export async function readDescriptor(workspaceRoot: string, sdk: TaskOutput, machine: string): Promise<SdkDescriptor> {
  const directory = join(workspaceRoot, sdk.path);
  await verifyManifest(directory, sdk.task, ['sdk.json']);
  const descriptor = JSON.parse(await readFile(join(directory, 'sdk.json'), 'utf8')) as SdkDescriptor;
  if (descriptor.version !== 1 || descriptor.machine !== machine) {
    throw new AvocadoError(
      'OUTPUT_CORRUPT',
      `${sdk.task} wrote an SDK descriptor for ${descriptor.machine}, not ${machine}`,
      {
        hint: `Build it again: nx run ${sdk.task} --skip-nx-cache`,
      },
    );
  }
  return descriptor;
}

/** The archives of a compile task, proven: absolute paths with a label for messages. */
export async function readArchives(
  workspaceRoot: string,
  output: TaskOutput,
): Promise<{ path: string; label: string }[]> {
  const directory = join(workspaceRoot, output.path);
  const { files } = await verifyManifest(directory, output.task);
  return Object.keys(files)
    .filter((file) => file.endsWith('.tar'))
    .sort()
    .map((file) => ({ path: join(directory, file), label: `${file} of ${output.task}` }));
}

/** The OS image's account files, proven. */
export async function readAccounts(workspaceRoot: string, output: TaskOutput): Promise<Accounts> {
  const directory = join(workspaceRoot, output.path);
  const accounts: Accounts = { passwd: '', shadow: '', group: '', gshadow: '' };
  await verifyManifest(
    directory,
    output.task,
    accountFiles.map(({ name }) => `accounts/${name}`),
  );
  for (const { name } of accountFiles) accounts[name] = await readFile(join(directory, 'accounts', name), 'utf8');
  return accounts;
}
