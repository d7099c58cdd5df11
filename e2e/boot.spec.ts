import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { openRoot } from '@nx-avocado/engine/feed';
import { bootTest, chooseAccelerator, followJournal, prepareVm, runQemu, testBoot } from '@nx-avocado/engine/qemu';
import type { BootReport } from '@nx-avocado/engine/qemu';
import { silentReporter } from '@nx-avocado/engine/report';
import { openDisk } from '@nx-avocado/engine/runtime';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import { sha256File, storePath, verifyManifest } from '@nx-avocado/engine/store';
import type { BootCheck, QemuOptions, TaskContext } from '@nx-avocado/engine/task';
import { eventually, parentOf, processesWith, programOf } from './support/processes';
import { ssh } from './support/ssh';
import { TestWorkspace, repository } from './support/workspace';
import { elements, parseXml } from './support/xml';

const minutes = 60_000;
const workspace = new TestWorkspace();
const controller = new AbortController();
const notices: string[] = [];
const reporter = { ...silentReporter, notice: (message: string) => void notices.push(message) };
const context: TaskContext = {
  workspaceRoot: workspace.root,
  reporter,
  signal: controller.signal,
  runner: createSandboxRunner(),
  openRoot: (spec) => openRoot(spec, { reporter }),
};
let options: QemuOptions;
let disk: { file: FileHandle; digest: string };

beforeAll(async () => {
  workspace.reset();
  const { code, output } = await workspace.nx(['run', 'dev:provision']);
  if (code !== 0) throw new Error(output);
  const { targets } = (await workspace.json(['show', 'project', 'dev'])) as {
    targets: { qemu: { options: QemuOptions } };
  };
  options = targets.qemu.options;
  const { path } = await openDisk(options.provision, context);
  const file = await open(path);
  disk = { file, digest: await digestOf(file) };
}, 10 * minutes);

/** Whatever a test did with it. */
afterEach(async () => {
  expect(await digestOf(disk.file)).toBe(disk.digest);
});
afterAll(() => disk.file.close());

/** Of the very file, whatever stands at its name by now: anybody may clear the store at any time. */
function digestOf(file: FileHandle): Promise<string> {
  return sha256File(`/proc/self/fd/${file.fd}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const keys = ['hostname', 'uptime', 'load_1m'];
const check = { kind: 'journal' as const, unit: 'ref-rust', jsonKeys: keys, count: 2 };

/** Ports, files and commands that pass, and one that may fail. */
const asked: BootCheck[] = [
  { kind: 'port', port: 22 },
  { kind: 'port', port: 22, pattern: '^SSH-2\\.0' },
  { kind: 'file', path: '/etc/os-release', pattern: '^ID=debian$' },
  { kind: 'file', path: '/var/no-such', absent: true },
  { kind: 'command', command: 'systemctl is-active ref-rust', exitCode: 0, pattern: '^active$' },
  { kind: 'command', command: 'false', exitCode: 0, mayFail: true },
];

describe('a boot test', () => {
  const run = (checks: BootCheck[], timeout: number, more: Partial<QemuOptions> = {}): Promise<BootReport> =>
    bootTest({ ...options, ...more, outputPath: 'tmp/boot-test', checks, timeout }, context);

  test.each([
    ['directly', false],
    ['through firmware', true],
  ])(
    'passes %s and says why',
    async (_how, firmware) => {
      const report = await run([{ kind: 'unit', unit: 'ref-rust' }, check, ...asked], 240, { firmware });
      expect(report.checks.map(({ passed }) => passed)).toEqual([true, true, true, true, true, true, true, false]);
      expect(report.checks.slice(2).map(({ evidence }) => evidence[0])).toEqual([
        'it is listened on',
        expect.stringMatching(/^SSH-2\.0-OpenSSH/),
        'ID=debian',
        'it is not there',
        'active',
        'exit code 1',
      ]);
      expect(JSON.parse(report.checks[1]?.evidence[0] ?? '')).toMatchObject({ hostname: 'avocado-qemux86-64' });
      expect(Object.keys(report.phases).slice(0, 3)).toEqual(['firmware', 'kernel', 'initrd']);
      expect(report.firstLine['ref-rust.service']).toBeGreaterThan(report.phases.kernel ?? Infinity);
      const directory = workspace.path('tmp/boot-test');
      await verifyManifest(directory, 'dev:boot-test');
      expect(existsSync(`${directory}-failed`)).toBe(false);
      const [suite] = elements(parseXml(readFileSync(join(directory, 'junit.xml'), 'utf8')), 'testsuite');
      const counts = ['tests', 'failures', 'skipped'].map((name) => Number(suite?.getAttribute(name)));
      expect(counts).toEqual([8, 0, 1]);
      const written = readFileSync(join(directory, 'report.json'), 'utf8');
      expect(JSON.parse(written)).toEqual(report);
      expect(written).not.toContain(workspace.root);
    },
    6 * minutes,
  );

  test(
    'of a unit that does not exist fails as soon as the boot is done, with what the guest knows',
    async () => {
      const failed = run(
        [
          { kind: 'unit', unit: 'no-such' },
          { ...check, count: 1 },
          { kind: 'port', port: 1 },
          { kind: 'file', path: '/etc/os-release', absent: true },
          { kind: 'command', command: 'echo why; exit 3', exitCode: 0 },
        ],
        240,
      );
      await expect(failed).rejects.toMatchObject({
        code: 'BOOT_TEST_FAILED',
        message: 'the boot test of dev failed: no-such.service: not-found',
        output: expect.stringMatching(/journal of ref-rust\.service:[^]*"hostname"[^]*serial console:/),
      });
      const { log, hint } = (await failed.catch((error: unknown) => error)) as { log: string; hint: string };
      const directory = workspace.path('tmp/boot-test-failed');
      const left = (name: string): string => readFileSync(join(directory, name), 'utf8');
      expect(hint).toContain(directory);
      expect([log, left('console.log').length > 0]).toEqual([join(directory, 'console.log'), true]);
      expect(left('journal.txt')).toMatch(/kernel: Linux version[^]*ref-rust\[\d+\]: \{"hostname"|ref-rust/);
      expect(left('boot-chart.svg')).toContain('ref-rust.service');
      parseXml(left('boot-chart.svg'));
      const cases = elements(parseXml(left('junit.xml')), 'testcase');
      expect(cases.map((one) => elements(one, 'failure')[0]?.getAttribute('message'))).toEqual([
        'no-such.service is inactive (dead), not active',
        undefined,
        expect.stringMatching(/^not true: port 1 is listened on \(listened on: .*22/),
        'not true: /etc/os-release is absent (it is there)',
        'not true: "echo why; exit 3" ends with 0 (exit code 3; why)',
      ]);
      expect(elements(cases[1] as (typeof cases)[0], 'system-out')[0]?.textContent).toContain('"hostname"');
    },
    6 * minutes,
  );

  test(
    'of lines that never come ends within its time limit',
    async () => {
      await expect(run([{ ...check, pattern: 'never' }], 5)).rejects.toMatchObject({
        code: 'BOOT_TIMEOUT',
        output: expect.stringContaining('ref-rust.service printed 0 of 2 lines that match /never/'),
      });
    },
    minutes,
  );

  test(
    'of a kernel that does not find its root fails when the machine stops, or in time',
    async () => {
      const vm = await prepareVm('rootless', options, context);
      const boot = { ...vm.boot, cmdline: 'root=PARTUUID=none rootfstype=erofs console=ttyS0' };
      await expect(
        testBoot(
          { ...vm, boot } as typeof vm,
          { checks: [check], timeout: 60, failed: workspace.path('tmp/f') },
          context,
        ),
      ).rejects.toMatchObject({
        code: expect.stringMatching(/^BOOT_(TEST_FAILED|TIMEOUT)$/),
        output: expect.stringContaining('serial console:'),
      });
    },
    2 * minutes,
  );
});

test(
  'interactively: ready, ssh with an empty password, a port in use is told, poweroff ends it',
  async () => {
    const port = await freePort();
    const hostFwd = [`${port}-:22`];
    const terminal = { input: new PassThrough(), output: new PassThrough() };
    let shown = '';
    terminal.output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    let onReady: (url: string) => void = () => undefined;
    const ready = new Promise<string>((resolve) => (onReady = resolve));
    const running = runQemu({ ...options, hostFwd }, context, { onReady, terminal });
    const url = await Promise.race([ready, running.then(() => Promise.reject(new Error('ended before it was ready')))]);
    expect(url).toBe(`ssh://root@127.0.0.1:${port}`);

    await expect(runQemu({ ...options, hostFwd }, context, { terminal })).rejects.toMatchObject({
      code: 'QEMU_PORT_IN_USE',
    });
    expect(await ssh(port, 'systemctl is-active ref-rust')).toBe('active\n');
    terminal.input.write('root\r');
    await eventually(
      () => shown,
      (text) => text.includes('~#'),
      30_000,
    );
    terminal.input.write('poweroff\r');
    expect(await running).toMatchObject({ code: 0, reason: 'guest-shutdown' });
    expect(processesWith(`hostfwd=tcp:127.0.0.1:${port}-`)).toEqual([]);
  },
  8 * minutes,
);

test(
  "the unit's lines arrive one by one, and the machine is off when nobody asks for more",
  async () => {
    const lines: string[] = [];
    for await (const { message } of followJournal({ ...options, unit: 'ref-rust', timeout: 240 }, context)) {
      if (message.startsWith('{')) lines.push(message);
      if (lines.length === 2) break;
    }
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([
      expect.arrayContaining(['hostname', 'uptime']),
      expect.arrayContaining(['hostname', 'uptime']),
    ]);
  },
  6 * minutes,
);

describe('no QEMU outlives', () => {
  /** `nx run dev:qemu` until QEMU runs; none of its processes is the terminal's. */
  async function start(): Promise<{ nx: number; qemu: () => number[]; code: Promise<number | null> }> {
    const port = await freePort();
    const bin = join(repository, 'node_modules/nx/dist/bin/nx.js');
    const child = spawn(
      process.execPath,
      [bin, 'run', 'dev:qemu', `--hostFwd=${port}-:22`, '--excludeTaskDependencies'],
      {
        cwd: workspace.root,
        stdio: 'ignore',
        env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
      },
    );
    const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const qemu = (): number[] => processesWith(`hostfwd=tcp:127.0.0.1:${port}-`).filter(isQemu);
    expect(await eventually(qemu, (pids) => pids.length > 0, minutes)).toHaveLength(1);
    return { nx: child.pid as number, qemu, code };
  }
  const isQemu = (pid: number): boolean => programOf(pid).startsWith('qemu-system-');

  test(
    'a SIGKILL of Nx',
    async () => {
      const { nx, qemu } = await start();
      process.kill(nx, 'SIGKILL');
      expect(await eventually(qemu, (pids) => pids.length === 0, 15_000)).toEqual([]);
    },
    3 * minutes,
  );

  test(
    'a SIGKILL of the process that started it',
    async () => {
      const { qemu, code } = await start();
      // From QEMU upwards: bwrap's processes, then Node.
      let parent = parentOf(qemu()[0] as number);
      while (!programOf(parent).includes('node')) parent = parentOf(parent);
      process.kill(parent, 'SIGKILL');
      expect(await eventually(qemu, (pids) => pids.length === 0, 5_000)).toEqual([]);
      await code;
    },
    3 * minutes,
  );

  test(
    'SIGTERM, which Nx sends several times',
    async () => {
      const { nx, qemu, code } = await start();
      for (let count = 0; count < 3; count++) process.kill(nx, 'SIGTERM');
      await code;
      expect(await eventually(qemu, (pids) => pids.length === 0, 5_000)).toEqual([]);
    },
    3 * minutes,
  );
});

test('whether KVM works is found out by booting, once, and a KVM that does not is told in one line', async () => {
  const forget = async (): Promise<void> => {
    const known = (await readdir(storePath('work'))).filter((name) => name.startsWith('accelerator-'));
    for (const name of known) await rm(storePath('work', name));
  };
  const { emulator, runner } = await prepareVm('probe', options, context);
  const { kernel } = await openDisk(options.provision, context);
  const choose = () => chooseAccelerator({ machine: options.machine, emulator, runner, kernel, reporter });
  await forget();
  notices.length = 0;
  const accelerator = await choose();
  // On a machine whose KVM works there is nothing to say.
  expect(notices).toEqual(accelerator === 'kvm' ? [] : [expect.stringMatching(/^no KVM \([^\n]+\): .* under TCG.*$/)]);
  const found = async (): Promise<number[]> =>
    Promise.all(
      (await readdir(storePath('work')))
        .filter((name) => name.startsWith('accelerator-'))
        .map(async (name) => (await stat(storePath('work', name))).mtimeMs),
    );
  const first = await found();
  expect(await choose()).toBe(accelerator);
  // Nothing was booted again to find it out.
  expect(await found()).toEqual(first);
}, 60_000);
