import { emulationFor } from '@nx-avocado/engine/feed';
import { arm64Emulation, describeArm64 } from './support/emulation';
import { TestWorkspace } from './support/workspace';

/** A runtime of another architecture: its OS image is installed by the feed's emulator, without any set-up of the machine. */
const minutes = 60_000;
const workspace = new TestWorkspace();
const folder = 'examples/rust-vitals/.avocado/dev/qemuarm64';

interface Report {
  checks: { passed: boolean; evidence: string[] }[];
}

beforeAll(() => workspace.reset(), minutes);

test('what Jest was told is what the feed finds', async () => {
  expect(await emulationFor('arm64')).toBe(arm64Emulation);
  expect(await emulationFor(process.arch === 'arm64' ? 'arm64' : 'amd64')).toBe('native');
});

describeArm64('qemuarm64', () => {
  test(
    'the example is built, put on a disk and boots; its service writes what it sees',
    async () => {
      const { code, output } = await workspace.nx(['run', 'dev:boot-test:qemuarm64']);
      if (code !== 0) throw new Error(output);
      const { checks } = JSON.parse(workspace.read(`${folder}/boot-test/report.json`)) as Report;
      expect(checks.filter(({ passed }) => !passed)).toEqual([]);
      const line = checks.flatMap(({ evidence }) => evidence).find((text) => text.startsWith('{'));
      expect(JSON.parse(line ?? '')).toMatchObject({ hostname: 'avocado-qemuarm64' });
    },
    40 * minutes,
  );

  test('the emulator is pinned, and in no image', () => {
    const { roots } = JSON.parse(workspace.read(`${folder}/sdk-install/sdk.json`)) as {
      roots: Record<string, { packages: { name: string }[] }>;
    };
    const names = (root: string): string[] | undefined => roots[root]?.packages.map(({ name }) => name);
    expect(names('interpreter')).toEqual(['qemu-user']);
    expect(names('rootfs')).not.toContain('qemu-user');
  });
});
