import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { storePath } from '@nx-avocado/engine/store';
import { boot } from 'nx-avocado/testing';
import type { BootOptions, TestVm } from 'nx-avocado/testing';
import { ssh } from './support/ssh';
import { TestWorkspace } from './support/workspace';

/** Machines that go on from a snapshot of the booted OS. */
const minutes = 60_000;
const workspace = new TestWorkspace();
const snapshots = storePath('warm');
const isMade = /boot dev once for a snapshot/;
const options: BootOptions = { cwd: workspace.root, provision: false, warm: true, timeout: 300 };
const warmTest = () => workspace.nx(['run', 'dev:boot-test', '--warm', '--skip-nx-cache']);

jest.setTimeout(15 * minutes);

beforeAll(() => {
  workspace.reset();
  rmSync(snapshots, { recursive: true, force: true });
});

test('a boot test makes the snapshot once, and passes with the extensions of its runtime', async () => {
  const first = await warmTest();
  expect(`${first.code} ${first.output}`).toMatch(/^0 /);
  expect(first.output).toMatch(isMade);
  expect(first.output).toMatch(/"hostname":"avocado-qemux86-64"/);
  const main = 'examples/rust-vitals/ref-rust/src/main.rs';
  workspace.write(main, workspace.read(main).replace('"uptime":{}', '"uptime":{},"warm":1'));
  const second = await warmTest();
  expect(`${second.code} ${second.output}`).toMatch(/^0 /);
  expect(second.output).not.toMatch(isMade);
  expect(second.output).toMatch(/"warm":1/);
  expect(readdirSync(snapshots)).toHaveLength(1);
});

describe('two machines from one snapshot', () => {
  let machines: TestVm[];
  beforeAll(async () => {
    machines = await Promise.all([boot('dev', options), boot('dev', options)]);
  });
  afterAll(() => Promise.all((machines ?? []).map((vm) => vm.stop())));
  const both = (command: string): Promise<string[]> =>
    Promise.all(machines.map(async (vm) => (await vm.run(command)).output.trim()));

  test.each([
    ['random numbers', 'head -c 32 /dev/urandom | sha256sum'],
    ['machine ids', 'cat /etc/machine-id'],
  ])('have %s of their own', async (_what, command) => {
    const [one, two] = await both(command);
    expect(one).toMatch(/^[0-9a-f]{32}/);
    expect(two).not.toBe(one);
  });

  test('have the clock of this computer', async () => {
    for (const seconds of await both('date +%s')) {
      expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(30);
    }
  });

  test('run their runtime as if they had booted with it', async () => {
    const [vm] = machines as [TestVm];
    expect((await vm.unit('ref-rust')).active).toBe('active');
    await vm.journal('ref-rust', '"hostname"');
    expect((await vm.run('systemctl --failed --plain --no-legend')).output).toBe('');
    expect((await vm.run('stat --file-system --format=%T /var/lib/avocado')).output).toBe('btrfs\n');
    expect((await vm.run('avocadoctl status')).output).not.toMatch(/not merged/);
    expect(await ssh(vm.ssh.port, 'id -un')).toBe('root\n');
    expect((await vm.run('getent passwd sshd')).code).toBe(0);
  });

  test('boot as the disk says when they are rebooted, with what they wrote', async () => {
    const [vm] = machines as [TestVm];
    await vm.run('echo kept >/var/kept; sync');
    await vm.reboot();
    expect((await vm.run('cat /var/kept')).output).toBe('kept\n');
    expect((await vm.run('grep -c avocado.var /proc/cmdline')).output).toBe('0\n');
    expect((await vm.unit('ref-rust')).active).toBe('active');
  });
});

test('a snapshot that is not what was written is made anew', async () => {
  const [key = ''] = readdirSync(snapshots).filter((name) => !name.startsWith('.'));
  const state = join(snapshots, key, 'state');
  truncateSync(state, statSync(state).size - 1);
  const { code, output } = await warmTest();
  expect(`${code} ${output}`).toMatch(/^0 /);
  expect(output).toMatch(isMade);
});

test('firmware is not resumed, and the error says what to do', async () => {
  const { code, output } = await workspace.nx(['run', 'dev:boot-test', '--warm', '--firmware', '--skip-nx-cache']);
  expect(code).not.toBe(0);
  expect(output).toMatch(/\[WARM_UNSUPPORTED\]\n\s+hint: Boot it without --warm/);
});
