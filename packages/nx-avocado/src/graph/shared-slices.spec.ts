import { packFile, shareSlices, unpackFile } from './shared-slices';
import type { ResolvedFile } from './model';

function file(): ResolvedFile {
  const slice = (machine: string) => ({
    ...{ kind: 'extension', hostname: machine, section: { name: 'app', types: ['sysext'] } },
    ...(machine === 'qemuarm64' && { facts: { 'avocado.target': machine } }),
    requests: { tools: ['zstd'], kernel: [`linux-${machine}`] },
  });
  const slices = Object.fromEntries(['qemux86-64', 'qemuarm64'].map((machine) => [machine, slice(machine)]));
  const project = { kind: 'extension', name: 'app', slices, errors: {}, outline: { packages: [], extensions: [] } };
  const bare = { ...project, slices: {} };
  return { machines: Object.keys(slices), projects: [project, bare], reads: [] } as unknown as ResolvedFile;
}

const slicesOf = ({ projects }: ResolvedFile) => Object.values(projects[0]!.slices);

test('equal values of further machine targets are the first one’s own, and what differs stays', () => {
  const shared = file();
  shareSlices(shared.projects);
  expect(shared).toEqual(file());
  const [first, second] = slicesOf(shared);
  expect(second!.section).toBe(first!.section);
  expect(second!.requests).not.toBe(first!.requests);
});

test('what is kept comes back as it was, shared again', () => {
  const shared = file();
  shareSlices(shared.projects);
  const kept = JSON.stringify(packFile(shared));
  expect(kept.length).toBeLessThan(JSON.stringify(file()).length);
  expect(JSON.stringify(packFile(JSON.parse(kept) as ResolvedFile))).toBe(kept);
  const found = unpackFile(JSON.parse(kept) as ResolvedFile);
  expect(found).toEqual(file());
  const [first, second] = slicesOf(found);
  expect(second!.section).toBe(first!.section);
});
