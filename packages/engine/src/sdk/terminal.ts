/**
 * A seccomp filter (classic BPF, see seccomp(2)) for commands that share the user's terminal.
 *
 * TIOCSTI pushes characters into the terminal's input, and TIOCLINUX pastes on a virtual console: with either, a
 * program in the sandbox could type commands into the shell that it was started from.
 * @param architecture Node's name of the build machine's architecture
 */
export function terminalFilter(architecture: string = process.arch): Buffer | undefined {
  const machine = machines[architecture];
  if (!machine) return undefined;
  const load = 0x20; // BPF_LD | BPF_W | BPF_ABS
  const equal = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
  const atLeast = 0x35; // BPF_JMP | BPF_JGE | BPF_K
  const give = 0x06; // BPF_RET | BPF_K
  // Fields of struct seccomp_data; the kernel looks at the lower half of ioctl's second argument only.
  const number = 0;
  const audit = 4;
  const secondArgument = 24;
  // Code, jump if true, jump if false (both count the instructions in between), value.
  const program: [number, number, number, number][] = [
    [load, 0, 0, audit],
    [equal, 0, 7, machine.audit],
    [load, 0, 0, number],
    // On x86-64 numbers from here on are those of the x32 ABI, the same calls under other numbers.
    [atLeast, 5, 0, 0x40000000],
    [equal, 0, 3, machine.ioctl],
    [load, 0, 0, secondArgument],
    [equal, 2, 0, 0x5412], // TIOCSTI
    [equal, 1, 0, 0x541c], // TIOCLINUX
    [give, 0, 0, 0x7fff0000], // SECCOMP_RET_ALLOW
    [give, 0, 0, 0x00050001], // SECCOMP_RET_ERRNO | EPERM
  ];
  const filter = Buffer.alloc(program.length * 8);
  program.forEach(([code, whenTrue, whenFalse, value], index) => {
    filter.writeUInt16LE(code, index * 8);
    filter.writeUInt8(whenTrue, index * 8 + 2);
    filter.writeUInt8(whenFalse, index * 8 + 3);
    filter.writeUInt32LE(value, index * 8 + 4);
  });
  return filter;
}

/** AUDIT_ARCH_* of linux/audit.h and the number of ioctl. */
const machines: Record<string, { audit: number; ioctl: number } | undefined> = {
  x64: { audit: 0xc000003e, ioctl: 16 },
  arm64: { audit: 0xc00000b7, ioctl: 29 },
};
