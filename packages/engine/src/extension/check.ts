import type { ExtensionSection } from '../config/types';
import { AvocadoError } from '../error';
import type { TreeEntry } from './walk';

/** What each type merges on the device (systemd-sysext(8)). */
const carried = { sysext: ['usr', 'opt'], confext: ['etc'] } as const;

/**
 * Checks the finished tree.
 * @returns warnings about what the image holds but no device will see
 * @throws AvocadoError `EXTENSION_SPECIAL_FILE`
 */
export function checkTree(entries: TreeEntry[], section: Pick<ExtensionSection, 'name' | 'types'>): string[] {
  const special = entries.filter(({ kind }) => kind === 'special').map(({ path }) => path);
  if (special.length > 0) {
    throw new AvocadoError(
      'EXTENSION_SPECIAL_FILE',
      `extension ${section.name} holds device nodes, FIFOs or sockets: ${special.slice(0, 10).join(', ')}`,
      { hint: 'They are made on the device: by tmpfiles.d or by the service itself.' },
    );
  }
  const visible: string[] = section.types.flatMap((type) => carried[type]);
  const rest = [...new Set(entries.map(({ path }) => path.split('/')[0] ?? ''))].filter(
    (top) => !visible.includes(top),
  );
  if (rest.length === 0) return [];
  const missing = (['sysext', 'confext'] as const).filter(
    (type) => !section.types.includes(type) && rest.some((top) => (carried[type] as readonly string[]).includes(top)),
  );
  return [
    `extension ${section.name} has ${rest.map((top) => `/${top}`).join(', ')}, which no ${section.types.join(' or ')} carries: ` +
      `the device will not see ${rest.length === 1 ? 'it' : 'them'}` +
      (missing.length > 0 ? `; add ${missing.join(' and ')} to its types` : ''),
  ];
}
