import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readDescriptor } from '../../extension/upstream';
import { AvocadoError } from '../../error';
import { sha256File, verifyManifest } from '../../store';
import type { QemuOptions, TaskContext } from '../../task';
import { requireRoot } from '../tools';
import type { ProvisionRecord } from './provision';

/**
 * Unpacks what a provision task made into `directory`, with holes for zeros: a copy, which may be changed.
 * @throws AvocadoError `OUTPUT_MISSING`, `OUTPUT_CORRUPT`, `COMMAND_FAILED`
 */
export async function unpackProvisioned(
  { sdk, provision, machine }: Pick<QemuOptions, 'sdk' | 'provision' | 'machine'>,
  directory: string,
  context: TaskContext,
): Promise<ProvisionRecord> {
  const { workspaceRoot, runner, reporter, signal } = context;
  const output = join(workspaceRoot, provision.path);
  await verifyManifest(output, provision.task);
  const record = JSON.parse(await readFile(join(output, 'provision.json'), 'utf8')) as ProvisionRecord;
  const root = await context.openRoot(
    requireRoot(await readDescriptor(workspaceRoot, sdk, machine), 'tools', sdk.task),
  );
  for (const { name, sha256 } of record.files) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await runner.run(
      {
        root,
        argv: ['zstd', '--quiet', '--decompress', '--sparse', `/work/in/files/${name}.zst`, '-o', `/work/out/${name}`],
        mounts: [
          { source: output, target: '/work/in' },
          { source: directory, target: '/work/out', writable: true },
        ],
        tool: true,
        label: `unpack ${name}`,
        signal,
      },
      reporter,
    );
    if ((await sha256File(join(directory, name))) === sha256) continue;
    throw new AvocadoError('OUTPUT_CORRUPT', `${name} of ${provision.task} is not what was provisioned`, {
      hint: `Make it again: nx run ${provision.task} --skip-nx-cache`,
    });
  }
  return record;
}
