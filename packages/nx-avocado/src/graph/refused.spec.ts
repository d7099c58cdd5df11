import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { nodes } from './create-nodes';
import { normaliseOptions } from './options';
import { resolveAll } from './resolve-all';

const options = normaliseOptions({});
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'nx-avocado-refused-'))));
afterEach(() => rmSync(root, { recursive: true }));

/** The targets of every project, of files given by path. */
async function targetsOf(files: Record<string, string>): Promise<Record<string, Record<string, TargetConfiguration>>> {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  const paths = Object.keys(files);
  const { resolved } = await resolveAll(paths, [], options, root);
  const noNames = () => Promise.resolve(new Set<string>());
  const made = await nodes(paths, resolved, options, () => ({ executables: [], unhashed: {} }), noNames);
  return Object.fromEntries(
    made.flatMap(([, { projects = {} }]) =>
      Object.values(projects).map(({ name = '', targets = {} }) => [name, targets] as const),
    ),
  );
}

const yaml = (more: string): string => `default_target: qemux86-64
runtimes: { dev: { extensions: [app] } }
${more}
`;
const errors = (target?: TargetConfiguration): Record<string, string> =>
  Object.fromEntries(
    Object.entries(target?.configurations ?? {}).flatMap(([name, { error }]) => (error ? [[name, error]] : [])),
  );

test('other machine targets of the feed, and those that the file names, fail the first task of every project', async () => {
  const more = 'supported_targets: [qemux86-64, raspberrypi5]\nextensions: { app: { version: 1.0.0 } }';
  const { dev, app } = await targetsOf({ 'a/avocado.yaml': yaml(more) });
  const refused = (name: string): string =>
    `a/avocado.yaml: supported_targets does not name ${name} [CONFIG_TARGET_UNSUPPORTED]\n` +
    '  hint: It names qemux86-64, raspberrypi5.';
  const expected = {
    qemuarm64: refused('qemuarm64'),
    raspberrypi4: refused('raspberrypi4'),
    raspberrypi5: expect.stringMatching(/does not know .* raspberrypi5 \[MACHINE_UNKNOWN\]/) as string,
  };
  expect(errors(dev?.['sdk-install'])).toEqual(expected);
  expect(errors(app?.['sdk-install'])).toEqual(expected);
  expect(dev?.['sdk-install']?.configurations?.['qemuarm64']).toMatchObject({
    outputPath: 'a/.avocado/dev/qemuarm64/sdk-install',
  });
  // The others depend on that one, and the graph stays small.
  expect(dev?.['build']?.configurations).toBeUndefined();
});

test('where nothing is refused nothing is added', async () => {
  const { dev } = await targetsOf({ 'avocado.yaml': yaml('extensions: { app: { version: 1.0.0 } }') });
  expect(Object.keys(dev?.['sdk-install']?.configurations ?? {})).toEqual(['qemuarm64', 'raspberrypi4']);
  expect(errors(dev?.['sdk-install'])).toEqual({});
});

const wrongForArm = `extensions:
  app:
    version: 1.0.0
    target-qemuarm64: { packages: { nothing: '*' } }`;

test('an extension that cannot be made for one of them says why, without a line number: it is part of every key', async () => {
  const { app } = await targetsOf({ 'a/avocado.yaml': yaml(wrongForArm) });
  const found = errors(app?.['sdk-install']);
  expect(found['qemuarm64']).toMatch(/^a\/avocado\.yaml: [^]* {2}a\/avocado\.yaml: nothing \[PACKAGE_UNMAPPED\]/);
  const below = await targetsOf({ 'a/avocado.yaml': `# One line more.\n${yaml(wrongForArm)}` });
  expect(errors(below['app']?.['sdk-install'])).toEqual(found);
});

test('an extension that a runtime leaves out for a machine target does not stop that runtime', async () => {
  const runtimes = 'runtimes: { dev: { target-qemux86-64: { extensions: [app] } } }';
  const { dev, app } = await targetsOf({
    'a/avocado.yaml': yaml(wrongForArm).replace(/runtimes: .*/, runtimes),
  });
  expect(errors(app?.['sdk-install'])).toEqual({});
  expect(dev?.['build']?.configurations).toHaveProperty('qemuarm64');
});
