import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { editorSchema } from './editor-schema';

const FILE = resolve(__dirname, '../../../nx-avocado/schema/avocado.schema.json');

test('the JSON Schema is the one that the definition gives (UPDATE_SCHEMA=1 rewrites it)', () => {
  const schema = editorSchema();
  if (process.env.UPDATE_SCHEMA === '1') {
    mkdirSync(dirname(FILE), { recursive: true });
    writeFileSync(FILE, `${JSON.stringify(schema, null, 2)}\n`);
  }
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(schema);
});

test('every key has a description', () => {
  const schema = editorSchema() as Node;
  const described = (node: Node): boolean =>
    node.description !== undefined ||
    (node.anyOf ?? []).some(described) ||
    (node.$ref !== undefined && described(schema.definitions?.[node.$ref.split('/').at(-1) ?? ''] ?? {}));
  const missing: string[] = [];
  const walk = (node: unknown, place: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, property] of Object.entries((node as Node).properties ?? {})) {
      if (!described(property)) missing.push(`${place}.${key}`);
    }
    for (const [key, child] of Object.entries(node)) walk(child, `${place}/${key}`);
  };
  walk(schema, '');
  expect(missing).toEqual([]);
});

interface Node {
  description?: string;
  anyOf?: Node[];
  $ref?: string;
  properties?: Record<string, Node>;
  definitions?: Record<string, Node>;
}
