import { qemuArguments } from './arguments';
import type { QemuPlan } from './arguments';

const plan: QemuPlan = {
  machine: 'qemux86-64',
  accelerator: 'tcg',
  mem: 1024,
  smp: 2,
  disk: '/run/d/disk.raw',
  boot: { kind: 'kernel', kernel: '/run/d/kernel', initramfs: '/run/d/initramfs', cmdline: 'root=/dev/vda2 quiet ' },
  forwards: [],
  isolated: false,
  sockets: '/run/d/sockets',
  credentials: [],
};
const credentials = [{ name: 'greeting', text: 'a, b' }];

/** Values of an option, in order. */
const values = (argv: string[], option: string): string[] =>
  argv.flatMap((word, index) => (argv[index - 1] === option ? [word] : []));

test('nothing but what is asked for, and a reboot ends it', () => {
  const argv = qemuArguments(plan);
  expect(argv[0]).toBe('qemu-system-x86_64');
  expect(argv).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config']));
  expect(values(argv, '-action')).toEqual(['reboot=shutdown,shutdown=poweroff']);
  expect(values(argv, '-m')).toEqual(['1024M']);
  expect(values(argv, '-smp')).toEqual(['2']);
});

test('a machine for tests goes on after a reboot', () => {
  expect(values(qemuArguments({ ...plan, reboots: true }), '-action')).toEqual(['reboot=reset,shutdown=poweroff']);
});

test('the channels are sockets, or descriptors that QEMU has', () => {
  expect(values(qemuArguments(plan), '-chardev')[0]).toBe('socket,id=console,path=/run/d/sockets/console.sock');
  const { sockets: _sockets, ...without } = plan;
  expect(values(qemuArguments(without), '-chardev').slice(0, 2)).toEqual([
    'file,id=console,path=/proc/self/fd/11,input-path=/proc/self/fd/10,append=on',
    'file,id=qmp,path=/proc/self/fd/13,input-path=/proc/self/fd/12,append=on',
  ]);
});

test('the disk is never written', () => {
  expect(values(qemuArguments(plan), '-drive')).toEqual([
    'if=none,id=disk,format=raw,file=/run/d/disk.raw,snapshot=on,werror=report',
  ]);
});

test.each([
  ['qemux86-64', 'tcg', 'q35', 'tcg,thread=multi', 'Nehalem'],
  ['qemux86-64', 'kvm', 'q35', 'kvm', 'host'],
  ['qemuarm64', 'tcg', 'virt,gic-version=max', 'tcg,thread=multi', 'cortex-a72'],
  ['qemuarm64', 'kvm', 'virt,gic-version=max', 'kvm', 'host'],
] as const)('%s under %s', (machine, accelerator, model, accel, cpu) => {
  const argv = qemuArguments({ ...plan, machine, accelerator });
  expect([values(argv, '-machine'), values(argv, '-accel'), values(argv, '-cpu')]).toEqual([[model], [accel], [cpu]]);
});

test.each(['raspberrypi5', 'constructor', ''])('no machine in QEMU: %s', (machine) => {
  expect(() => qemuArguments({ ...plan, machine })).toThrow(
    expect.objectContaining({ code: 'QEMU_MACHINE_UNSUPPORTED' }),
  );
});

describe('direct kernel boot', () => {
  test('a panic reboots, which ends QEMU; an emulated processor needs no mitigations', () => {
    const argv = qemuArguments(plan);
    expect(values(argv, '-kernel')).toEqual(['/run/d/kernel']);
    expect(values(argv, '-initrd')).toEqual(['/run/d/initramfs']);
    expect(values(argv, '-append')).toEqual(['root=/dev/vda2 quiet panic=-1 mitigations=off']);
  });

  test('x86 gets credentials by SMBIOS', () => {
    const argv = qemuArguments({ ...plan, credentials });
    expect(values(argv, '-smbios')).toEqual(['type=11,value=io.systemd.credential.binary:greeting=YSwgYg==']);
    expect(values(argv, '-append')[0]).not.toContain('greeting');
  });

  test('arm64 gets them on the command line: without firmware it has no SMBIOS', () => {
    const argv = qemuArguments({ ...plan, machine: 'qemuarm64', credentials });
    expect(values(argv, '-smbios')).toEqual([]);
    expect(values(argv, '-append')[0]).toContain(' systemd.set_credential_binary=greeting:YSwgYg==');
  });

  test('a command line that the kernel would cut off is an error', () => {
    const boot = { kind: 'kernel', kernel: '/k', cmdline: 'x'.repeat(2023) } as const;
    expect(() => qemuArguments({ ...plan, boot })).toThrow(expect.objectContaining({ code: 'QEMU_CMDLINE_TOO_LONG' }));
    expect(qemuArguments({ ...plan, boot: { ...boot, cmdline: 'x'.repeat(2022) } })).toContain(
      `${'x'.repeat(2022)} panic=-1 mitigations=off`,
    );
  });
});

test.each([
  ['qemux86-64', '/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['qemuarm64', '/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
])('firmware of %s; its variables are never written', (machine, code, variables) => {
  const argv = qemuArguments({ ...plan, machine, boot: { kind: 'firmware' }, credentials });
  expect(values(argv, '-drive').slice(0, 2)).toEqual([
    `if=pflash,unit=0,format=raw,file=${code},readonly=on`,
    `if=pflash,unit=1,format=raw,file=${variables},snapshot=on`,
  ]);
  expect(argv).not.toContain('-kernel');
  expect(values(argv, '-smbios')).toEqual([
    'type=11,value=io.systemd.stub.kernel-cmdline-extra=panic=-1 mitigations=off',
    'type=11,value=io.systemd.credential.binary:greeting=YSwgYg==',
  ]);
});

test('forwarded ports are open on this machine alone', () => {
  const forwards = [
    { hostPort: 2222, guestAddress: '', guestPort: 22 },
    { hostPort: 8080, guestAddress: '10.0.2.15', guestPort: 80 },
  ];
  const forwarded = ',hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:127.0.0.1:8080-10.0.2.15:80';
  expect(values(qemuArguments({ ...plan, forwards }), '-netdev')).toEqual([`user,id=net${forwarded}`]);
  expect(values(qemuArguments({ ...plan, forwards, isolated: true }), '-netdev')).toEqual([
    `user,id=net,restrict=on${forwarded}`,
  ]);
});

test('no path of the host is in the arguments', () => {
  expect(qemuArguments(plan).filter((word) => word.includes(process.cwd()))).toEqual([]);
});

test('a real processor keeps its mitigations', () => {
  expect(qemuArguments({ ...plan, accelerator: 'kvm' }).join(' ')).not.toContain('mitigations');
});
