import { installError } from './install';

test.each([
  ['E: install arch-test for foreign architecture support', 'ROOT_FOREIGN'],
  ['E: arm64 can neither be executed natively nor via qemu user emulation', 'ROOT_FOREIGN'],
  ['mount: /tmp/x/binfmt_misc: permission denied.\nE: setup-hook failed', 'ROOT_FOREIGN'],
  ['cannot unshare the user namespace: Operation not permitted', 'ROOT_FOREIGN'],
  ['E: newuidmap is not there', 'ROOTLESS_UNAVAILABLE'],
  ['E: something else', 'ROOT_FAILED'],
  [`I: running --setup-hook in shell: sh -c 'mount -t binfmt_misc'\nE: something else`, 'ROOT_FAILED'],
])('what mmdebstrap said becomes an error with a hint: %s', (said, code) => {
  expect(installError({ architecture: 'arm64' }, `I: automatically chosen mode: root\n${said}\n`)).toMatchObject({
    code,
    hint: expect.stringMatching(code === 'ROOT_FOREIGN' ? /arch-test qemu-user-static/ : /./) as string,
  });
});
