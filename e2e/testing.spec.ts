import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot } from 'nx-avocado/testing';
import type { TestVm } from 'nx-avocado/testing';
import { compiledPlugin } from './support/compiled';
import { cleanEnvironment } from './support/nx';
import { processesWith } from './support/processes';
import { ssh } from './support/ssh';
import { TestWorkspace } from './support/workspace';
import { elements, parseXml } from './support/xml';

const minutes = 60_000;
const timeout = 300;
const workspace = new TestWorkspace();
let vm: TestVm;

beforeAll(async () => {
  workspace.reset();
  vm = await boot('dev', { cwd: workspace.root, timeout });
}, 15 * minutes);
afterAll(() => vm.stop(), 3 * minutes);

const bootId = async (): Promise<string> => (await vm.run('cat /proc/sys/kernel/random/boot_id')).output;

test('commands run on the device; their code and what they print is the answer', async () => {
  const { code, output } = await vm.run('cat /etc/os-release');
  expect([code, output]).toEqual([0, expect.stringMatching(/^ID=debian$/m)]);
  expect(await vm.run("echo 'a\nb'; echo c >&2; exit 3")).toEqual({ code: 3, output: 'a\nb\nc\n' });
});

test('a command that hangs is ended, and the next one runs', async () => {
  expect(await vm.run('echo on; sleep 1000', { timeout: 2 })).toEqual({ code: 124, output: 'on\n' });
  expect((await vm.run('true')).code).toBe(0);
});

test('a unit is waited for; one that cannot come up is told at once', async () => {
  expect(await vm.unit('ref-rust')).toMatchObject({ active: 'active', sub: 'running' });
  await expect(vm.unit('no-such')).rejects.toMatchObject({
    code: 'GUEST_UNIT_FAILED',
    message: 'no-such.service: not-found',
  });
});

test('journal lines since the boot, and those to come', async () => {
  const first = await vm.journal('ref-rust', /"hostname"/);
  expect(JSON.parse(first.message)).toMatchObject({ hostname: 'avocado-qemux86-64' });
  await vm.run('systemd-run --unit=later -- sh -c "sleep 1; echo it is later"');
  expect(await vm.journal('later', 'it is later')).toMatchObject({ unit: 'later.service', message: 'it is later' });
  await expect(vm.journal('ref-rust', 'never', { timeout: 1 })).rejects.toMatchObject({
    code: 'GUEST_TIMEOUT',
    output: expect.stringMatching(/"hostname"[^]*serial console:/),
  });
});

test(
  'ssh, on a port that the system chose; the console',
  async () => {
    expect(await ssh(vm.ssh.port, 'systemctl is-active ref-rust')).toBe('active\n');
    expect(vm.console).toContain('login:');
  },
  3 * minutes,
);

test(
  'its boot as a chart, which is XML',
  async () => {
    const texts = elements(parseXml(await vm.bootChart()), 'text').map(({ textContent }) => textContent ?? '');
    // The phases stand in the title.
    const wanted = ['Boot of dev', 'firmware ', 'kernel ', 'initrd ', 'userspace ', 'ref-rust.service'];
    expect(wanted.filter((text) => !texts.join('\n').includes(text))).toEqual([]);
  },
  3 * minutes,
);

test(
  "a power cut: what was synced is there, what was in memory is not; the next boot's lines are its own",
  async () => {
    const before = await bootId();
    await vm.run('echo kept > /var/kept; sync; echo lost > /run/lost');
    await vm.powerCut();
    expect(await bootId()).not.toBe(before);
    expect(await vm.run('cat /var/kept; cat /run/lost')).toMatchObject({
      output: expect.stringMatching(/^kept\n.*No such/),
    });
    const { message } = await vm.journal('ref-rust', '"hostname"');
    expect(JSON.parse(message)).toMatchObject({ hostname: 'avocado-qemux86-64' });
  },
  10 * minutes,
);

test(
  'a reboot keeps the disk, and the port',
  async () => {
    const before = await bootId();
    await vm.reboot();
    expect(await bootId()).not.toBe(before);
    expect((await vm.run('cat /var/kept')).output).toBe('kept\n');
    expect(await ssh(vm.ssh.port, 'systemctl is-active ref-rust')).toBe('active\n');
  },
  10 * minutes,
);

test(
  'another one beside it, from node:test; nothing of it is left, and the disk was not written',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-testing-'));
    compiledPlugin(directory);
    const script = `
    import assert from 'node:assert/strict';
    import { test } from 'node:test';
    import { boot } from 'nx-avocado/testing';
    test('boots', async () => {
      const vm = await boot('dev', { cwd: ${JSON.stringify(workspace.root)}, provision: false, timeout: ${timeout} });
      assert.notEqual(vm.ssh.port, ${vm.ssh.port});
      assert.equal((await vm.run('cat /var/kept')).code, 1);
      await vm[Symbol.asyncDispose]();
    });
  `;
    try {
      writeFileSync(join(directory, 'boot.test.mjs'), script);
      const { code, output } = await node(['--test', join(directory, 'boot.test.mjs')], directory);
      expect(`${code} ${output}`).toMatch(/^0 [^]*# pass 1\n/);
      expect(processesWith(directory)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
  10 * minutes,
);

test('what cannot be booted is told', async () => {
  const cwd = workspace.root;
  await expect(boot('no-such', { cwd })).rejects.toMatchObject({ code: 'BOOT_PROJECT_UNKNOWN' });
  await expect(boot('example-rust', { cwd })).rejects.toMatchObject({
    code: 'BOOT_PROJECT_UNKNOWN',
    message: 'the project example-rust is no runtime: it has no target qemu',
  });
  await expect(boot('dev', { cwd, machine: 'raspberrypi5' })).rejects.toMatchObject({ code: 'BOOT_PROJECT_UNKNOWN' });
});

/** Jest must not tell it that it is a child of a test. */
function node(args: string[], cwd: string): Promise<{ code: number; output: string }> {
  const { NODE_TEST_CONTEXT: _context, ...env } = cleanEnvironment();
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: error ? 1 : 0, output: `${stdout}${stderr}` }),
    );
  });
}
