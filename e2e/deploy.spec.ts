import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deploy, openSshDevice, queryDevice, readBuiltRuntime } from '@nx-avocado/engine/deploy';
import type { BuiltRuntime, Device, DeviceState } from '@nx-avocado/engine/deploy';
import { silentReporter } from '@nx-avocado/engine/report';
import { boot } from 'nx-avocado/testing';
import type { TestVm } from 'nx-avocado/testing';
import { cleanEnvironment, programOf } from './support/nx';
import { eventually, processesWith } from './support/processes';
import { Relay } from './support/relay';
import { TestWorkspace } from './support/workspace';

const minutes = 60_000;
const timeout = 300;
const workspace = new TestWorkspace();
const project = 'examples/rust-vitals';
const output = (name: string): string => `${project}/.avocado/${name}/qemux86-64`;
const mainFile = `${project}/ref-rust/src/main.rs`;
const unitFile = `${project}/overlay/usr/lib/systemd/system/ref-rust.service`;
const knownHosts = workspace.path('tmp/known_hosts');
// The same key by whatever port; nothing of this machine's own ssh.
const sshOptions = ['HostKeyAlias=device', 'StrictHostKeyChecking=yes', 'GlobalKnownHostsFile=/dev/null'];
const context = { reporter: silentReporter, signal: new AbortController().signal };
let vm: TestVm;

beforeAll(async () => {
  workspace.reset();
  vm = await boot('dev', { cwd: workspace.root, timeout });
  workspace.write('tmp/known_hosts', '');
}, 15 * minutes);
afterAll(() => vm.stop(), minutes);

/** What is typed, as words. */
function command(name: string, port = vm.ssh.port): string[] {
  const options = [...sshOptions, `UserKnownHostsFile=${knownHosts}`].map((option) => `--sshOption=${option}`);
  return ['run', `${name}:deploy`, '--device', `localhost:${port}`, ...options];
}

async function connected<T>(use: (device: Device) => Promise<T>, port = vm.ssh.port): Promise<T> {
  const given = [...sshOptions, `UserKnownHostsFile=${knownHosts}`];
  const device = await openSshDevice({ device: `localhost:${port}`, sshOptions: given }, context);
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}

const built = (): Promise<BuiltRuntime> =>
  readBuiltRuntime(
    {
      machine: 'qemux86-64',
      sdk: { task: 'dev:sdk-install', path: `${output('dev')}/sdk-install` },
      runtime: { task: 'dev:build', path: `${output('dev')}/build` },
    },
    workspace.root,
  );

async function build(): Promise<BuiltRuntime> {
  const { code, output: said } = await workspace.nx(['run', 'dev:build']);
  if (code !== 0) throw new Error(said);
  return built();
}

/** The line of JSON tells which edit runs. */
function edit(number: number): void {
  workspace.edit(mainFile, (text) => text.replace(/\{\{("edition":\d+,)?/, `{{"edition":${number},`));
}

const active = async (): Promise<string> =>
  (await vm.run('basename $(readlink /var/lib/avocado/active)')).output.trim();

test(
  'an unknown host key is told, with what to type',
  async () => {
    const { code, output: said } = await workspace.nx(command('dev'));
    expect(code).not.toBe(0);
    expect(said).toMatch(/the host key of localhost:\d+ is not known to ssh \[DEVICE_HOST_KEY_UNKNOWN\]/);
    expect(said).toContain(`ssh -p ${vm.ssh.port} root@localhost`);
    const { output: key } = await vm.run('cat /var/lib/avocado-sshd/ssh_host_ed25519_key.pub');
    writeFileSync(knownHosts, `device ${key}`);
  },
  2 * minutes,
);

test(
  'what the device runs already is not sent',
  async () => {
    const { code, output: said } = await workspace.nx(command('dev'));
    expect([code, said]).toEqual([0, expect.stringContaining('runs it already; nothing was sent')]);
  },
  2 * minutes,
);

test(
  'an edit runs on the device, and its line is in the journal; it is not restarted twice',
  async () => {
    const starts = async (): Promise<number> =>
      Number((await vm.run('journalctl -b -u ref-rust -o cat | grep -c "^Started "')).output);
    const [before, started] = [await active(), await starts()];
    edit(1);
    const { code, output: said } = await workspace.nx(command('example-rust'));
    expect([code, said]).toEqual([0, expect.stringContaining('ref-rust.service: active (running)')]);
    expect(said).toMatch(/1 extension changed, \d+ kB sent/);
    const line = await vm.journal('ref-rust', '"edition":1');
    expect(await starts()).toBe(started + 1);
    expect(JSON.parse(line.message)).toMatchObject({ hostname: 'avocado-qemux86-64' });
    const { output: list } = await vm.run('avocadoctl runtime list');
    // The one before is there still.
    expect(list).toMatch(new RegExp(`^${await active()}  dev .*\\(active\\)$`, 'm'));
    expect(list).toContain(before);
  },
  4 * minutes,
);

test(
  'the runtime of the same edit is the same: nothing is sent; of a small edit, its blocks and 16 KB at most',
  async () => {
    const image = join(output('example-rust'), 'build/example-rust-0.1.0.raw');
    const first = await build();
    await connected(async (device) => {
      expect(await deploy(first, device, context)).toMatchObject({ switched: false, sent: 0, changed: [] });
    });
    copyFileSync(workspace.path(image), workspace.path('tmp/before.raw'));
    edit(2);
    const second = await build();
    const changed = blocksThatDiffer(workspace.path('tmp/before.raw'), workspace.path(image));
    const relay = new Relay(vm.ssh.port);
    const port = await relay.listen();
    try {
      const result = await connected((device) => deploy(second, device, context), port);
      expect(result).toMatchObject({ switched: true, changed: ['example-rust'] });
      expect(result.units).toEqual([{ name: 'ref-rust.service', active: 'active', sub: 'running' }]);
      expect(changed).toBeGreaterThan(0);
      expect(relay.bytes).toBeLessThanOrEqual(changed * 4096 + 16 * 1024);
      expect(result.sent).toBeLessThan(relay.bytes);
    } finally {
      relay.close();
    }
    await vm.journal('ref-rust', '"edition":2');
  },
  4 * minutes,
);

function blocksThatDiffer(before: string, after: string): number {
  const [old, now] = [readFileSync(before), readFileSync(after)];
  return Array.from({ length: Math.ceil(now.length / 4096) }, (_, index) => index * 4096).filter(
    (at) => !old.subarray(at, at + 4096).equals(now.subarray(at, at + 4096)),
  ).length;
}

test(
  'a service that does not come up: the device goes back, and says why with its journal',
  async () => {
    const before = await active();
    workspace.edit(unitFile, (text) =>
      text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/sh -c "echo it is broken; exit 3"'),
    );
    const { code, output: said } = await workspace.nx(command('example-rust'));
    expect(code).not.toBe(0);
    expect(said).toMatch(
      /runs what it ran before: ref-rust\.service (?:does not stay up|failed).*\[DEPLOY_ROLLED_BACK\]/,
    );
    expect(said).toContain('| ref-rust.service: it is broken');
    expect(await active()).toBe(before);
    await vm.unit('ref-rust');
    expect((await vm.run('systemctl cat ref-rust')).output).toContain('ExecStart=/usr/bin/ref_rust');
    expect((await vm.run('avocadoctl status')).output).toMatch(/^ {2}example-rust 0\.1\.0: merged$/m);
    workspace.reset();
    edit(2);
  },
  4 * minutes,
);

describe('refused before anything is sent', () => {
  const change = (difference: Partial<BuiltRuntime['manifest']>) => (runtime: BuiltRuntime) => ({
    ...runtime,
    manifest: { ...runtime.manifest, ...difference },
  });
  test.each<[string, (runtime: BuiltRuntime) => BuiltRuntime]>([
    ['DEPLOY_WRONG_ARCHITECTURE', (runtime) => ({ ...runtime, arch: 'aarch64' })],
    ['DEPLOY_WRONG_MACHINE', (runtime) => ({ ...runtime, machine: 'qemuarm64' })],
    ['DEPLOY_WRONG_RUNTIME', change({ runtime: { name: 'prod', version: '1.0.0' } })],
    ['DEPLOY_WRONG_OS', (runtime) => change({ rootfs: { ...runtime.manifest.rootfs, build_id: 'other' } })(runtime)],
  ])('%s', async (code, wrong) => {
    const runtime = wrong(await built());
    await connected(async (device) => {
      await expect(deploy(runtime, device, context)).rejects.toMatchObject({ code, hint: expect.any(String) });
    });
    expect((await vm.run('ls /var/lib/avocado/staging')).code).not.toBe(0);
  });
});

test(
  'a device without the space keeps what it has, whether that is seen before or on the way',
  async () => {
    workspace.write(`${project}/overlay/usr/share/large`, randomBytes(24 * 1024 * 1024).toString('base64'));
    const runtime = await build();
    const before = await active();
    await connected(async (device) => {
      const { state } = await queryDevice(device);
      const room = state.free - 8 * 1024 * 1024;
      expect((await vm.run(`fallocate -l ${room} /var/filled && sync`)).code).toBe(0);
      await expect(deploy(runtime, device, context)).rejects.toMatchObject({ code: 'DEVICE_FULL' });
      const wrong: DeviceState = { ...state, free: Number.MAX_SAFE_INTEGER };
      await expect(deploy(runtime, device, context, wrong)).rejects.toMatchObject({ code: 'DEVICE_FULL' });
      expect(await active()).toBe(before);
      await vm.unit('ref-rust');
      await vm.run('rm /var/filled; sync');
    });
  },
  4 * minutes,
);

/** `nx run dev:deploy` in a group of its own, which a SIGKILL ends as a whole. */
function deploying(port = vm.ssh.port): { kill: () => Promise<void> } {
  const child = spawn(process.execPath, [programOf(workspace.root), ...command('dev', port)], {
    cwd: workspace.root,
    detached: true,
    stdio: 'ignore',
    env: { ...cleanEnvironment(), NX_DAEMON: 'false', NX_TUI: 'false' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    async kill() {
      process.kill(-(child.pid as number), 'SIGKILL');
      await ended;
      expect(
        await eventually(
          () => processesWith('HostKeyAlias=device'),
          (pids) => pids.length === 0,
          10_000,
        ),
      ).toEqual([]);
    },
  };
}

test(
  'the host is killed while it sends: nothing has changed, and the next deploy succeeds',
  async () => {
    const before = await active();
    const relay = new Relay(vm.ssh.port);
    relay.limit = 4 * 1024 * 1024;
    const host = deploying(await relay.listen());
    expect(await eventually(() => relay.stopped, Boolean, 2 * minutes)).toBe(true);
    await host.kill();
    expect(await active()).toBe(before);
    expect((await vm.run('systemctl is-active ref-rust')).output).toBe('active\n');
    // The device still waits for what comes through the relay: the last deploy counts.
    const result = await connected(async (device) => deploy(await built(), device, context));
    expect(result).toMatchObject({ switched: true, changed: ['example-rust'] });
    relay.close();
  },
  6 * minutes,
);

/** Lets a switch take long enough to be met on its way. */
function slowSwitch(number: number): void {
  workspace.edit(`${project}/avocado.yaml`, (text) =>
    text.replace(
      /( {4}on_merge:\n)( {6}- sleep .*\n)?( {6}- systemctl restart --no-block ref-rust)/,
      `$1      - sleep ${number}\n$3`,
    ),
  );
}

async function switching(): Promise<void> {
  for (const end = Date.now() + 3 * minutes; Date.now() < end; await delay(200)) {
    if ((await vm.run('pgrep -x sleep -a | grep -E "sleep (5|60)$"')).code === 0) return;
  }
  throw new Error('no switch was seen');
}

test(
  'the host is killed while the device switches: it comes to an end there',
  async () => {
    workspace.reset();
    edit(3);
    slowSwitch(5);
    const runtime = await build();
    const host = deploying();
    await switching();
    await host.kill();
    await vm.journal('ref-rust', '"edition":3');
    await vm.run('while systemctl list-units --no-legend "avocado-deploy*" | grep -q .; do sleep 0.2; done');
    expect(await active()).toBe(runtime.manifest.id);
    await connected(async (device) => {
      expect(await deploy(runtime, device, context)).toMatchObject({ switched: false });
    });
  },
  6 * minutes,
);

test(
  'a power cut while it switches leads back to the runtime before, which boots; the next deploy succeeds',
  async () => {
    const before = await active();
    edit(4);
    slowSwitch(60);
    await build();
    const host = deploying();
    await switching();
    await host.kill();
    await vm.powerCut();
    expect(await active()).toBe(before);
    await vm.journal('ref-rust', '"edition":3');
    slowSwitch(1);
    const runtime = await build();
    await connected(async (device) => {
      const { state } = await queryDevice(device);
      const result = await deploy(runtime, device, context, state);
      expect(result).toMatchObject({ switched: true, changed: ['example-rust'] });
      // What it now is, is known without asking.
      const comparable = (known: DeviceState) => ({ ...known, runtimes: [...known.runtimes].sort(), free: 0 });
      expect(comparable((await queryDevice(device)).state)).toEqual(comparable(result.state));
    });
    await vm.journal('ref-rust', '"edition":4');
  },
  8 * minutes,
);
