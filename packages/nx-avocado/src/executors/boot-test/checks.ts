import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '@nx-avocado/engine/error';
import { parseCheck } from '@nx-avocado/engine/qemu';
import type { BootCheck, TaskOutput } from '@nx-avocado/engine/task';
import { verifyManifest } from '@nx-avocado/engine/store';

/** Every service that an extension enables must be active; templates (`getty@.service`) name no unit by themselves. */
export async function unitChecks(workspaceRoot: string, extensions: TaskOutput[]): Promise<BootCheck[]> {
  const units = new Set<string>();
  for (const { path, task } of extensions) {
    const directory = join(workspaceRoot, path);
    await verifyManifest(directory, task, ['extension.json']);
    const record = JSON.parse(await readFile(join(directory, 'extension.json'), 'utf8')) as {
      enable_services: string[];
      omitted?: string;
    };
    if (record.omitted === undefined) record.enable_services.forEach((unit) => units.add(unit));
  }
  return [...units].filter((unit) => !unit.includes('@.')).map((unit) => ({ kind: 'unit', unit }));
}

/**
 * The checks of one runtime in the checks file: `{ "<runtime>": [<check>, ...] }`; none where there is no such file.
 * @throws AvocadoError `BOOT_CHECKS_INVALID`
 */
export async function readChecks(workspaceRoot: string, file: string, runtime: string): Promise<BootCheck[]> {
  let text: string;
  try {
    text = await readFile(join(workspaceRoot, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return parseChecks(text, file, runtime);
}

export function parseChecks(text: string, file: string, runtime: string): BootCheck[] {
  const invalid = (message: string, hint = example): AvocadoError =>
    new AvocadoError('BOOT_CHECKS_INVALID', message, { position: { file }, hint });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`no JSON: ${(error as Error).message}`);
  }
  if (!isRecord(value)) throw invalid('must be an object of runtimes');
  const checks = value[runtime];
  if (checks === undefined) return [];
  if (!Array.isArray(checks)) throw invalid(`"${runtime}" must be a list of checks`);
  return checks.map((check: unknown, index) => {
    try {
      return parseCheck(check, `check ${index + 1} of "${runtime}"`);
    } catch (error) {
      throw error instanceof AvocadoError ? invalid(error.message, error.hint) : error;
    }
  });
}

const example =
  'Write { "dev": [{ "kind": "unit", "unit": "a.service" }] }; docs/boot-tests.md has every kind of check.';

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
