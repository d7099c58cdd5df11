import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeManifest } from '@nx-avocado/engine/store';
import { inputsOf, readRecord, record, standing } from './inputs';

const root = mkdtempSync(join(tmpdir(), 'nx-avocado-inputs-'));
const output = join(root, 'out/build');
const targets = { build: { inputs: [{ fileset: '{workspaceRoot}/overlay/**/*' }, { externalDependencies: [] }] } };

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const now = (options: object = { machine: 'qemux86-64' }, project: Parameters<typeof inputsOf>[1] = targets) =>
  inputsOf(root, project, 'build', options, { 'app:compile': 'out/compile' })!;

beforeEach(async () => {
  write('overlay/etc/.hidden', 'one');
  write('out/compile/manifest.json', '{"files":{}}');
  write('out/build/app.raw', 'image');
  await writeManifest(output, ['app.raw']);
  await record(now(), output);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('an output stays while everything that it was made from is the same', async () => {
  expect(await standing(now(), output, 'app:build')).toBe('same');
  const elsewhere = now(undefined, { ...targets, qemu: { options: { mem: 2048 } } });
  expect(await standing(elsewhere, output, 'app:build')).toBe('same under another key');
});

test.each<[string, () => void]>([
  ['a file, hidden ones included', () => write('overlay/etc/.hidden', 'two')],
  ["a file's name", () => write('overlay/etc/more', 'one')],
  ['what an upstream task gave', () => write('out/compile/manifest.json', '{"files":{"a":{"sha256":"1","size":1}}}')],
  ['the output itself', () => write('out/build/app.raw', 'imagE')],
  ['the record is gone', () => rmSync(join(output, 'inputs.json'))],
  ['the output is gone', () => rmSync(output, { recursive: true })],
])('not when this changed: %s', async (_what, change) => {
  change();
  expect(await standing(now(), output, 'app:build')).toBe('stale');
  rmSync(join(root, 'overlay/etc/more'), { force: true });
});

test('not when the options changed', async () => {
  expect(await standing(now({ machine: 'qemuarm64' }), output, 'app:build')).toBe('stale');
});

test('the record is the same in every clone, and names what the output was made from', async () => {
  const { digest, key, ...rest } = now();
  expect([digest, key['targets']]).toEqual([
    expect.stringMatching(/^[0-9a-f]{64}$/),
    expect.stringMatching(/^[0-9a-f]{16}$/),
  ]);
  expect(rest).toEqual({
    version: 2,
    options: { machine: 'qemux86-64' },
    files: { 'overlay/etc/.hidden': expect.stringMatching(/^[0-9a-f]{16}$/) },
    tasks: { 'app:compile': {} },
  });
  expect(await readRecord(output)).toEqual(now());
  const clone = mkdtempSync(join(tmpdir(), 'another-clone-'));
  cpSync(root, clone, { recursive: true });
  const there = inputsOf(clone, targets, 'build', { machine: 'qemux86-64' }, { 'app:compile': 'out/compile' })!;
  await record(there, join(clone, 'out/build'));
  const [one, two] = [output, join(clone, 'out/build')].map((at) => readFileSync(join(at, 'inputs.json'), 'utf8'));
  expect(two).toBe(one);
  rmSync(clone, { recursive: true });
  expect(JSON.stringify(now())).not.toContain(root);
});

test('another nx.json: the same under another key', async () => {
  write('nx.json', '{}');
  expect(await standing(now(), output, 'app:build')).toBe('same under another key');
  rmSync(join(root, 'nx.json'));
});

test('what cannot be told is not guessed: an upstream output that is gone, a source tree with parts left out', () => {
  rmSync(join(root, 'out/compile'), { recursive: true });
  expect(inputsOf(root, targets, 'build', {}, { 'app:compile': 'out/compile' })).toBeUndefined();
  const sources = { build: { inputs: ['{workspaceRoot}/**/*', '!{workspaceRoot}/overlay/**/*'] } };
  expect(inputsOf(root, sources, 'build', {}, {})).toBeUndefined();
});
