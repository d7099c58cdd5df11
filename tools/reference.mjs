// Writes docs/reference from the schemas that the plugin and the loader use themselves.
// `--check` writes nothing and fails when a page is out of date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

function typeOf(schema, definitions, depth = 0) {
  if (schema.$ref) return typeOf(definitions[schema.$ref.split('/').pop()] ?? {}, definitions, depth);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map((choice) => typeOf(choice, definitions, depth)))].join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {}, definitions, depth + 1)}`;
  if (schema.type === 'object' && schema.additionalProperties && typeof schema.additionalProperties === 'object') {
    return depth > 1 ? 'map' : `map of ${typeOf(schema.additionalProperties, definitions, depth + 1)}`;
  }
  if (Array.isArray(schema.type)) return schema.type.join(' or ');
  return schema.type === 'object' ? 'section' : (schema.type ?? 'any');
}

function table(properties, definitions = {}) {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const fallback = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
    return `| \`${name}\` | ${cell(typeOf(schema, definitions))} | ${fallback} | ${cell(schema.description ?? '')} |`;
  });
  return ['| key | type | default | |', '|---|---|---|---|', ...rows].join('\n');
}

function examples({ examples = [] }) {
  return examples.map(({ command, description }) => `# ${description}\n${command}`).join('\n');
}

/** @param kind `executors` or `generators` */
function plugin(kind, intro) {
  const entries = Object.entries(readJson(`packages/nx-avocado/${kind}.json`)[kind]).filter(
    ([, { hidden }]) => !hidden,
  );
  const parts = entries.map(([name, entry]) => {
    const schema = readJson(join('packages/nx-avocado', entry.schema.replace('./dist/', './src/')));
    const shown = schema.examples ? `\n\n\`\`\`sh\n${examples(schema)}\n\`\`\`` : '';
    return `## ${name}\n\n${entry.description}${shown}\n\n${table(schema.properties ?? {})}`;
  });
  const title = kind[0].toUpperCase() + kind.slice(1);
  return `# ${title}\n\nWritten by \`npm run docs\` from the ${kind}' schemas. ${intro}\n\n${parts.join('\n\n')}\n`;
}

/** Every section that has keys of its own, as `runtimes.<name>.var`. */
function sections(schema, definitions, path, found, seen = []) {
  const resolved = schema.$ref ? definitions[schema.$ref.split('/').pop()] : schema;
  if (!resolved || seen.includes(resolved)) return;
  const next = [...seen, resolved];
  for (const choice of resolved.anyOf ?? resolved.oneOf ?? []) sections(choice, definitions, path, found, next);
  if (resolved.properties) {
    const known = found.get(path) ?? {};
    found.set(path, { ...known, ...resolved.properties });
    for (const [name, child] of Object.entries(resolved.properties)) {
      sections(child, definitions, path ? `${path}.${name}` : name, found, next);
    }
  }
  if (resolved.items) sections(resolved.items, definitions, `${path}[]`, found, next);
  if (resolved.additionalProperties && typeof resolved.additionalProperties === 'object') {
    sections(resolved.additionalProperties, definitions, `${path}.<name>`, found, next);
  }
}

function avocadoYaml() {
  const schema = readJson('packages/nx-avocado/schema/avocado.schema.json');
  const definitions = schema.definitions ?? schema.$defs ?? {};
  const found = new Map();
  sections(schema, definitions, '', found);
  const parts = [...found].map(
    ([path, properties]) => `## ${path === '' ? 'Top level' : `\`${path}\``}\n\n${table(properties, definitions)}`,
  );
  return `# Keys of avocado.yaml\n\nWritten by \`npm run docs\` from the schema that the loader uses. An unknown key is an error.\n\n${parts.join('\n\n')}\n`;
}

/** Every kind of check that boot-test.json may hold. */
function bootTestJson() {
  const { definitions } = readJson('packages/nx-avocado/schema/boot-test.schema.json');
  const parts = Object.entries(definitions).map(([kind, { description, examples, properties }]) => {
    const shown = examples.map((example) => JSON.stringify(example)).join('\n');
    return `## ${kind}\n\n${description}\n\n\`\`\`json\n${shown}\n\`\`\`\n\n${table(properties)}`;
  });
  return `# Checks of boot-test.json\n\nWritten by \`npm run docs\` from the schema that boot tests use; [boot tests](../boot-tests.md) says how to use them.\n\n${parts.join('\n\n')}\n`;
}

const check = process.argv.includes('--check');
const stale = [];
for (const [page, text] of [
  [
    'docs/reference/executors.md',
    plugin(
      'executors',
      'The plugin infers the options; give your own on the command\nline (`nx run dev:qemu --mem 2048`) or in `targetDefaults`.',
    ),
  ],
  [
    'docs/reference/generators.md',
    plugin('generators', '`nx g <generator> --dry-run` shows what one\nwould write; Nx Console runs them too.'),
  ],
  ['docs/reference/avocado-yaml.md', avocadoYaml()],
  ['docs/reference/boot-test-json.md', bootTestJson()],
]) {
  const path = join(root, page);
  let old = '';
  try {
    old = readFileSync(path, 'utf8');
  } catch {
    // Not written yet.
  }
  if (old === text) continue;
  stale.push(page);
  if (check) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`wrote ${page}`);
}
if (check && stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}. Run \`npm run docs\` and commit what it writes.`);
  process.exit(1);
}
