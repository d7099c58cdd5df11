import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a person sees in `nx list`, in `--help`, in Nx Console and in docs/reference. */
interface Schema {
  title?: string;
  description?: string;
  type?: string;
  examples?: { command: string; description: string }[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: boolean | Schema;
}

const root = join(__dirname, '..');
const read = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), 'utf8')) as T;
const entries = (['executors', 'generators'] as const).flatMap((kind) =>
  Object.entries(
    read<Record<string, Record<string, { schema: string; description?: string }>>>(`${kind}.json`)[kind] ?? {},
  ).map(([name, { schema, description }]) => ({ kind, name, description, schema: read<Schema>(schema) })),
);

/** Paths of the options, at every depth, that nobody describes. */
function undescribed(schema: Schema, path = ''): string[] {
  const children = [
    ...Object.entries(schema.properties ?? {}).map(([name, child]) => [`${path}.${name}`, child, true] as const),
    ...(schema.items ? [[`${path}[]`, schema.items, schema.items.type === 'object'] as const] : []),
    ...(typeof schema.additionalProperties === 'object'
      ? [[`${path}.*`, schema.additionalProperties, schema.additionalProperties.type === 'object'] as const]
      : []),
  ];
  return children.flatMap(([name, child, needed]) => [
    ...(needed && !/\S.{8}/.test(child.description ?? '') ? [name] : []),
    ...undescribed(child, name),
  ]);
}

test.each(entries)('$kind: $name and all of its options are described', ({ name, description, schema }) => {
  expect(schema.title).toBe(name);
  expect(description).toMatch(/^[A-Z].*\.$/);
  expect(schema.description).toMatch(/^[A-Z].*\.$/);
  expect(undescribed(schema)).toEqual([]);
});

test.each(entries)('$kind: $name has examples, with options that exist', ({ kind, name, schema }) => {
  const examples = schema.examples ?? [];
  expect(examples).not.toEqual([]);
  // Nx's own option of every generator.
  const known = [...Object.keys(schema.properties ?? {}), 'dryRun'];
  for (const { command, description } of examples) {
    expect(command).toMatch(
      kind === 'executors' ? /^nx run / : new RegExp(`^nx (g nx-avocado:${name}( |$)|add |sync)`),
    );
    expect(description).not.toBe('');
    expect(
      [...command.matchAll(/ --(?:no-)?([\w-]+)/g)].map(([, option]) => camelCase(option)).filter(isUnknown),
    ).toEqual([]);
  }

  function isUnknown(option: string): boolean {
    return !known.includes(option);
  }
});

function camelCase(option = ''): string {
  return option.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
