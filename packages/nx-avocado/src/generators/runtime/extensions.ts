import { addEntry, addRuntime, entryKeys } from '@nx-avocado/engine/config';

/** An extension that a new runtime lists. */
interface Listed {
  name: string;
  /** Its section, for files that do not have it yet. */
  value?: object;
  comment?: string;
}

/** What makes a machine one to look into; nothing of it belongs into a product. */
const development: readonly Listed[] = [
  {
    name: 'config-dev',
    value: { version: '0.1.0', users: { root: { password: '' } } },
    comment: 'For development only: root needs no password.',
  },
  fromFeed('avocado-ext-dev'),
  fromFeed('avocado-ext-sshd-dev'),
];

export interface RuntimeParts {
  /** Log in as root without a password, SSH, tools to look around. */
  development: boolean;
  /** Extensions of the file; the first one wins. */
  extensions: readonly string[];
}

/**
 * Adds a runtime to the text of an avocado.yaml, and the extensions of the feed that it needs where they are not there.
 * @throws AvocadoError `CONFIG_EDIT`
 */
export function withRuntime(text: string, name: string, parts: RuntimeParts, file: string): string {
  const defined = entryKeys(text, ['extensions'], { file });
  const listed = [
    ...parts.extensions.map((extension): Listed => ({ name: extension })),
    ...(parts.development ? development : []),
    boardSupport(defined),
  ];
  const unique = listed.filter(({ name: own }, index) => listed.findIndex((other) => other.name === own) === index);
  const value = { packages: { 'avocado-runtime': '*' }, extensions: unique.map((extension) => extension.name) };
  return unique
    .filter((extension) => extension.value !== undefined && !defined.includes(extension.name))
    .reduce(
      (edited, extension) =>
        addEntry(edited, ['extensions'], extension.name, extension.value, {
          file,
          ...(extension.comment !== undefined && { comment: extension.comment }),
        }),
      addRuntime(text, name, value, { file }),
    );
}

/** What the machine needs beside the OS; a file may write the machine's name in another way. */
function boardSupport(defined: readonly string[]): Listed {
  return fromFeed(defined.find((key) => key.startsWith('avocado-bsp-')) ?? 'avocado-bsp-{{ avocado.target.board }}');
}

function fromFeed(name: string): Listed {
  return { name, value: { source: { type: 'package', version: '*' } } };
}
