import { posix } from 'node:path';
import { parseJson, serializeJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { folderOf } from './config-file';

/** One check of a boot test, as boot-test.json holds it (docs/guide.md). */
export type Check = { kind: 'unit'; unit: string } | { kind: 'journal'; unit: string; pattern: string };

/**
 * Adds a check to a runtime's in the boot-test.json beside its avocado.yaml.
 * @throws AvocadoError `BOOT_CHECKS_INVALID`
 */
export function addBootCheck(tree: Tree, configFile: string, runtime: string, check: Check): void {
  const path = posix.join(folderOf(configFile), 'boot-test.json');
  const checks = readChecks(tree, path);
  tree.write(path, `${serializeJson({ ...checks, [runtime]: [...(checks[runtime] ?? []), check] })}\n`);
}

function readChecks(tree: Tree, path: string): Record<string, unknown[]> {
  const text = tree.read(path, 'utf8');
  if (text === null) return {};
  try {
    const checks: unknown = parseJson(text, { disallowComments: true });
    const isMap = typeof checks === 'object' && checks !== null && !Array.isArray(checks);
    if (isMap && Object.values(checks).every(Array.isArray)) return checks as Record<string, unknown[]>;
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
