import { posix } from 'node:path';
import { parseJson, serializeJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { folderOf } from './config-file';
import { schemaFor } from './modeline';

/** One check of a boot test, as boot-test.json holds it (docs/boot-tests.md). */
export type Check = { kind: 'unit'; unit: string } | { kind: 'journal'; unit: string; pattern: string };

/**
 * Adds a check to a runtime's in the boot-test.json beside its avocado.yaml.
 * @throws AvocadoError `BOOT_CHECKS_INVALID`
 */
export function addBootCheck(tree: Tree, configFile: string, runtime: string, check: Check): void {
  const folder = folderOf(configFile);
  const path = posix.join(folder, 'boot-test.json');
  const file = readChecks(tree, path) ?? { $schema: schemaFor(tree, folder, 'boot-test.schema.json') };
  const checks = (file[runtime] ?? []) as unknown[];
  tree.write(path, `${serializeJson({ ...file, [runtime]: [...checks, check] })}\n`);
}

function readChecks(tree: Tree, path: string): Record<string, unknown> | undefined {
  const text = tree.read(path, 'utf8');
  if (text === null) return undefined;
  try {
    const checks: unknown = parseJson(text, { disallowComments: true });
    const isMap = typeof checks === 'object' && checks !== null && !Array.isArray(checks);
    const isList = ([key, value]: [string, unknown]): boolean => key === '$schema' || Array.isArray(value);
    if (isMap && Object.entries(checks).every(isList)) return checks as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new AvocadoError('BOOT_CHECKS_INVALID', `${path} is no map of runtimes to lists of checks`, {
    position: { file: path },
    hint: 'Write { "dev": [] } and try again.',
  });
}

/** A pattern that matches this text and nothing else. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
