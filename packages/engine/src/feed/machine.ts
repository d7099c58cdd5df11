import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type * as Zod from 'zod';
import { AvocadoError } from '../error';

/** One file below `feeds/debian/machines`: everything that is known about a machine target. docs/machines.md explains it. */
export interface Machine {
  name: string;
  description: string;
  /** Debian's name. */
  architecture: 'amd64' | 'arm64';
  /** OECORE_TARGET_ARCH. */
  arch: 'x86_64' | 'aarch64';
  /** Debian's multiarch triple: prefix of the cross compilers and name of the library directories. */
  gnu: string;
  /** The triple that Debian's rustc and libstd know. */
  rust: string;
  /** The triple that upstream's scripts look for in RUST_TARGET_PATH. */
  avocadoTriple: string;
  /** Debian packages of the compilers for it, the same names on every build machine. */
  cross: string[];
  /** Components of Debian that its packages are in, beside the feed's. */
  components?: string[];
  /** Provision profiles, which all make the same disk; `img` alone where absent. */
  profiles?: string[];
  kernel: MachineKernel;
  /**
   * The boot stub, and where firmware looks for a boot program on the ESP. The stub is in the tools root, unless it comes of
   * packages of the machine's own architecture, which are in the kernel's root then.
   */
  uefi?: { packages?: string[]; stub: string; boot: string };
  /** In place of `uefi`. */
  boot?: BootPartition;
  /** Absent: only the board itself can boot it. */
  emulator?: Emulator;
  /** Debian package of the static emulator that runs its programs on another architecture, whichever the build machine's is. */
  interpreter?: string;
}

export interface MachineKernel {
  packages: string[];
  /** Name of the first serial port. */
  console: string;
  /** The port's speed, where its driver does not find it out. */
  baud?: number;
  /** Modules that the initramfs needs for the machine's own disks, beside those that it has for all. */
  modules?: string[];
}

/** What a board's own firmware reads from a FAT partition, where it is no UEFI. Paths are without a leading `/`. */
export interface BootPartition {
  /** Debian packages of the firmware. */
  packages: string[];
  /**
   * By path on the partition: `{kernel}`, `{initramfs}` and `{cmdline}` are the OS image's, all else is a file of the
   * packages of the kernel or the firmware, with `{version}` for the kernel's.
   */
  files: Record<string, string>;
  /** By path on the partition. */
  texts: Record<string, string>;
}

/** How QEMU is this machine. Paths are below the emulator's root, without a leading `/`. */
export interface Emulator {
  packages: string[];
  program: string;
  /** Value of `-machine`. */
  machine: string;
  /** The processor for software emulation: the quickest that Debian boots on. */
  cpu: string;
  /** UEFI: code, and the template of the variables, of which each run gets its own copy. */
  firmware: { code: string; variables: string };
  /** Firmware for direct kernel boot, which loads nothing else; QEMU's own where absent. */
  loader?: string;
  /** How credentials reach a guest whose kernel QEMU starts directly. */
  directCredentials: 'smbios' | 'cmdline';
}

/**
 * A machine's file, checked: what is missing, mistyped or unknown is an error with its place.
 * @param file for messages
 * @throws AvocadoError `MACHINE_INVALID`
 */
export function parseMachine(name: string, text: string, file: string): Machine {
  // Loaded here and not with this file: most tasks read no machine, and compiled ones know theirs to be right.
  const load = createRequire(__filename);
  const { LineCounter, isNode, parseDocument } = load('yaml') as typeof Yaml;
  const { z } = load('zod') as typeof Zod;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const invalid = (message: string, offset = 0): AvocadoError => {
    const { line, col } = lines.linePos(offset);
    return new AvocadoError('MACHINE_INVALID', message, {
      position: { file, line, column: col },
      hint: 'What belongs into such a file stands in docs/machines.md.',
    });
  };
  const [error] = document.errors;
  if (error) throw invalid(error.message.split('\n')[0] ?? '', error.pos[0]);
  const result = schema(z).safeParse(document.toJS());
  if (result.success) return { name, ...(result.data as Omit<Machine, 'name'>) };
  const issue = result.error.issues[0]!;
  const { path } = issue;
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  // Of a key that is missing, the section that lacks it.
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node)) throw invalid(`${path.join('.') || 'the file'}: ${message}`, node.range?.[0]);
  }
  throw invalid(message);
}

function schema(z: typeof Zod.z) {
  const text = z.string().min(1);
  const texts = z.array(text).min(1);
  const path = z.string().regex(/^[^/].*[^/]$/, 'a path below the root, without a leading /');
  const machine = z.strictObject({
    description: text,
    architecture: z.enum(['amd64', 'arm64']),
    arch: z.enum(['x86_64', 'aarch64']),
    gnu: text,
    rust: text,
    avocadoTriple: text,
    cross: texts,
    components: texts.optional(),
    profiles: texts.optional(),
    kernel: z.strictObject({
      packages: texts,
      console: text,
      baud: z.int().positive().optional(),
      modules: texts.optional(),
    }),
    uefi: z.strictObject({ packages: texts.optional(), stub: path, boot: path }).optional(),
    interpreter: text.optional(),
    boot: z.strictObject({ packages: texts, files: z.record(path, path), texts: z.record(path, text) }).optional(),
    emulator: z
      .strictObject({
        packages: texts,
        program: text,
        machine: text,
        cpu: text,
        firmware: z.strictObject({ code: path, variables: path }),
        loader: text.optional(),
        directCredentials: z.enum(['smbios', 'cmdline']),
      })
      .optional(),
  });
  return machine.refine(({ uefi, boot }) => (uefi === undefined) !== (boot === undefined), {
    message: 'a machine has either uefi or boot',
  });
}
