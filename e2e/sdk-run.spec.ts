import { spawn, spawnSync } from 'node:child_process';
import { cleanEnvironment } from './support/nx';
import { TestWorkspace } from './support/workspace';

jest.setTimeout(600_000);

const workspace = new TestWorkspace();
const inSdk = (...command: string[]) => workspace.nx(['run', 'example-rust:sdk-run', '--', ...command]);

beforeAll(() => workspace.reset());

test('a command sees the SDK, the environment of scripts and the sources, and may write there', async () => {
  const script = 'echo "$AVOCADO_TARGET $AVOCADO_BUILD_EXT_SYSROOT $PWD"; type -P rustc; echo made >made.txt';
  const { code, output } = await inSdk('bash', '-c', script);
  expect(code === 0 ? '' : output).toBe('');
  expect(output).toContain('qemux86-64 /opt/_avocado/qemux86-64/extensions/example-rust /opt/src');
  expect(output).toMatch(/\/rustc$/m);
  expect(workspace.read('examples/rust-vitals/made.txt')).toBe('made\n');
});

test('every word after -- is the command, also those that are names of our options', async () => {
  const { code, output } = await inSdk('echo', '--release', '--machine', 'x', '--sdk=1', 'a b', '--');
  expect(code === 0 ? '' : output).toBe('');
  expect(output).toContain('--release --machine x --sdk=1 a b');
});

test('a command that fails fails the task, with its code; no command is an error that says how', async () => {
  const failed = await inSdk('bash', '-c', 'exit 7');
  expect(failed.code).not.toBe(0);
  expect(failed.output).toContain("bash -c 'exit 7' ended with code 7 [COMMAND_FAILED]");
  const missing = await inSdk('no-such-program');
  expect(missing.code).not.toBe(0);
  expect(missing.output).toContain('no-such-program');
  const empty = await workspace.nx(['run', 'example-rust:sdk-run']);
  expect(empty.code).not.toBe(0);
  expect(empty.output).toMatch(/no command was given \[SDK_RUN_EMPTY\]\n.*nx run dev:sdk-run -- bash/);
});

test("npx nx-avocado sdk-run ends with the command's exit code, and its output is the command's alone", async () => {
  const cli = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [workspace.path('node_modules/nx-avocado/bin/nx-avocado.mjs'), 'sdk-run', ...args], {
      ...{ cwd: workspace.root, encoding: 'utf8', input: 'typed' },
      env: { ...cleanEnvironment(), NX_DAEMON: 'false', NO_COLOR: '1' },
    });
  const failed = cli('example-rust', '--', 'bash', '-c', 'cat; echo " in $AVOCADO_TARGET"; echo aside >&2; exit 7');
  expect([failed.status, failed.stdout]).toEqual([7, 'typed in qemux86-64\n']);
  expect(failed.stderr).toContain('aside');
  expect(cli('example-rust', '--', 'true').status).toBe(0);
  const unknown = cli('no-such', '--', 'true');
  expect([unknown.status, unknown.stdout]).toEqual([1, '']);
  expect(unknown.stderr).toMatch(/no project with an SDK \[SDK_RUN_PROJECT_UNKNOWN\]\n.*example-rust/);
});

test('on a terminal a shell is interactive: what is typed reaches it, and Ctrl-C ends what it runs alone', async () => {
  const environment = Object.entries(process.env).filter(([name]) => !/^(CI|NX_|JEST)/.test(name));
  // util-linux gives a terminal to a program whose input is a pipe.
  const shell = spawn('script', ['-qec', 'npx nx run example-rust:sdk-run -- bash', '/dev/null'], {
    cwd: workspace.root,
    env: { ...Object.fromEntries(environment), TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  shell.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => shell.once('close', resolve));
  const seen = async (text: string): Promise<void> => {
    for (let tries = 0; !output.includes(text); tries++) {
      if (tries > 600) throw new Error(`no ${text} in ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await seen('/opt/src# ');
  shell.stdin.write('echo answer $((40 + 2)); sleep 600\n');
  await seen('answer 42');
  await new Promise((resolve) => setTimeout(resolve, 500));
  shell.stdin.write('\x03');
  shell.stdin.write('echo still $((1 + 1)) here; exit 5\n');
  await seen('still 2 here');
  expect(await ended).not.toBe(0);
  expect(output).toContain('bash ended with code 5');
});
