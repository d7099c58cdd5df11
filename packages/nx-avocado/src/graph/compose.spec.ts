import { compose } from './compose';
import type { ResolvedFile, ResolvedProject } from './model';
import { unresolved } from './read-names';

const extension = (name: string, folder?: string): ResolvedProject => ({
  ...unresolved('extension', name),
  ...(folder !== undefined && { folder }),
});
const runtime = (...extensions: number[]): ResolvedProject => ({
  ...unresolved('runtime', 'dev'),
  outline: { packages: [], extensions },
});
const file = (projects: ResolvedProject[], more: Partial<ResolvedFile> = {}): ResolvedFile => ({
  ...{ machines: ['x86', 'arm'], projects, reads: [] },
  ...more,
});
const os = 'os/avocado.yaml';
const app = 'app/avocado.yaml';

test("an extension of another folder is that folder's project, whatever it is called there", () => {
  const [here, there] = [extension('app', 'app'), extension('app')];
  const other = extension('other');
  expect(compose([os, app], [file([here]), file([other, there])]).standIn(here)).toBe(there);
  expect(compose([os, app], [file([here]), file([other])]).standIn(here)).toBe(other);
  expect(compose([os], [file([here])]).standIn(here)).toBe(here);
});

test('where the defaults differ it is built here; a file without one takes that of the files that compose it', () => {
  const [here, there] = [extension('app', 'app'), extension('app')];
  const arm = file([there], { machines: ['arm', 'x86'] });
  expect(compose([os, app], [file([here]), arm]).standIn(here)).toBe(here);
  const undecided = file([there], { machines: ['arm', 'x86'], undecided: 'no default' });
  const composition = compose([os, app], [file([here]), undecided]);
  expect(composition.standIn(here)).toBe(there);
  expect(composition.machineOf(undecided)).toBe('x86');
  expect(compose([app], [undecided]).machineOf(undecided)).toBeUndefined();
});

test('a chain is followed to its end, and a circle is none', () => {
  const [first, second, third] = [extension('app', 'b'), extension('app', 'c'), extension('app')];
  const files = ['a/avocado.yaml', 'b/avocado.yaml', 'c/avocado.yaml'];
  expect(compose(files, [file([first]), file([second]), file([third])]).standIn(first)).toBe(third);
  const back = extension('app', 'a');
  expect(compose(files, [file([first]), file([back]), file([])]).standIn(first)).toBe(first);
});

test('the runtime that an extension is composed into', () => {
  const [here, there] = [extension('app', 'app'), extension('app')];
  const dev = runtime(1);
  const composition = compose([os, app], [file([runtime(), here]), file([there])]);
  expect(composition.runtimeOf(there)).toBeUndefined();
  expect(compose([os, app], [file([dev, here]), file([there])]).runtimeOf(there)).toBe(dev);
});
