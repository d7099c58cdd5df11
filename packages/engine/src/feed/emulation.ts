import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { buildArchitecture } from './data';
import { runTool } from './run';
import type { PackagePin, RootSpec } from './types';
import { extractPackage } from './unpack';

type Architecture = RootSpec['architecture'];

/**
 * How programs of an architecture run on this machine.
 * - `native`: by the processor
 * - `registered`: by an emulator that the machine has registered for all, and that the kernel holds open (flag F)
 * - `private`: by the feed's own emulator, registered in a user namespace that ends with its use; needs no set-up
 * - `none`: not, as far as can be told
 */
export type Emulation = 'native' | 'registered' | 'private' | 'none';

export interface EmulationHost {
  architecture: Architecture;
  /** `uname -r` */
  kernel: string;
  /** The machine's own entry in binfmt_misc, as the kernel shows it. */
  registration?: string | undefined;
}

/** QEMU's names. */
const processors = { amd64: 'x86_64', arm64: 'aarch64' } as const;

/** Each user namespace has a binfmt_misc of its own since Linux 6.7. Pure. */
export function chooseEmulation(target: Architecture, host: EmulationHost): Emulation {
  if (target === host.architecture) return 'native';
  const { registration = '' } = host;
  if (/^enabled$/m.test(registration) && /^flags: .*F/m.test(registration)) return 'registered';
  const [major = 0, minor = 0] = host.kernel.split('.').map(Number.parseFloat);
  return major > 6 || (major === 6 && minor >= 7) ? 'private' : 'none';
}

/**
 * How install scripts of this architecture run here: `private` is tried, because a container, or a policy of the machine, may
 * refuse it. Where it says `none`, an emulator may still be registered outside of a container: mmdebstrap asks arch-test.
 */
export async function emulationFor(target: Architecture, signal?: AbortSignal): Promise<Emulation> {
  const entry = `/proc/sys/fs/binfmt_misc/qemu-${processors[target]}`;
  const registration = await readFile(entry, 'utf8').catch(() => undefined);
  const chosen = chooseEmulation(target, { architecture: buildArchitecture(), kernel: release(), registration });
  if (chosen !== 'private') return chosen;
  // The mount is seen in that namespace alone, and ends with it.
  const mount = ['mount', '-t', 'binfmt_misc', 'binfmt_misc', tmpdir()];
  const enter = isRoot() ? ownUserNamespace : ['mmdebstrap', '--unshare-helper'];
  const { code } = await runTool([...enter, ...mount], { signal });
  return code === 0 ? 'private' : 'none';
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * What is written to binfmt_misc's `register`: Debian's line for the emulator, with the place where it is now.
 * Pure. @param line of `usr/share/qemu/binfmt.d`: `:name:M:offset:magic:mask:interpreter:flags`
 */
export function registrationOf(line: string, interpreter: string): string {
  const fields = line.trim().split(':');
  if (fields.length !== 8 || !fields[7]?.includes('F')) {
    throw new AvocadoError('ROOT_FAILED', `the emulator's package has another registration than expected: ${line}`, {
      hint: 'This is a fault of nx-avocado: please report it.',
    });
  }
  return [...fields.slice(0, 6), interpreter, fields[7]].join(':');
}

/** Where a private binfmt_misc is mounted, and what is registered in it: below the directory that the hook gets. */
const [mountPoint, registrationFile] = ['binfmt_misc', 'registration'];

/** Name of the variable that tells the hook the directory. */
export const emulatorVariable = 'NX_AVOCADO_EMULATOR';

/** A hook of mmdebstrap, run by root of its user namespace before anything else. Constant text. */
export const registerHook = [
  `mount -t binfmt_misc binfmt_misc "$${emulatorVariable}/${mountPoint}"`,
  `cat "$${emulatorVariable}/${registrationFile}" >"$${emulatorVariable}/${mountPoint}/register"`,
].join(' && ');

/** What the hook needs: a static emulator of the package, and its registration, for everybody to read. */
export async function writeEmulator(
  target: Architecture,
  pin: PackagePin,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = `qemu-${processors[target]}`;
  for (const path of [directory, join(directory, mountPoint)]) {
    await mkdir(path);
    await chmod(path, 0o755);
  }
  const files = [`./usr/bin/${name}`, `./usr/share/qemu/binfmt.d/${name}.conf`];
  await extractPackage(pin, ['--transform=s,.*/,,', `--directory=${directory}`, ...files], signal);
  const line = await readFile(join(directory, `${name}.conf`), 'utf8');
  const file = join(directory, registrationFile);
  await writeFile(file, registrationOf(line, join(directory, name)));
  await chmod(file, 0o644);
}

/**
 * Root's way into a user namespace with the same ids; mmdebstrap makes a user's by itself. util-linux cannot map ids without
 * newuidmap, which root does without; Perl is there with mmdebstrap. The process that writes the maps ends with this one.
 */
const enterUserNamespace = `
require "syscall.ph";
my $pid = $$;
pipe(my $reader, my $writer) or die "pipe: $!\\n";
my $mapper = fork() // die "fork: $!\\n";
if ($mapper == 0) {
  close $writer;
  sysread $reader, my $end, 1;
  for my $map ("uid_map", "gid_map") {
    open my $file, ">", "/proc/$pid/$map" or die "$map: $!\\n";
    print $file "0 0 65536" and close $file or die "$map: $!\\n";
  }
  exit 0;
}
syscall(&SYS_unshare, 0x10000000) == 0 or die "cannot unshare the user namespace: $!\\n";
close $writer;
waitpid $mapper, 0;
exit 1 if $?;
exec @ARGV or die "$ARGV[0]: $!\\n";
`;

/** The command before root's mmdebstrap: a user namespace, and mounts and processes that end with it. */
export const ownUserNamespace = [
  ...['perl', '-e', enterUserNamespace, '--'],
  ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
];
