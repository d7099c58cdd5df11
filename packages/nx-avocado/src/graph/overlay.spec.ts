import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodes } from './create-nodes';
import { treeModes } from './overlay';

test('names executables and what is no file below a folder, and nothing of a folder that is not there', () => {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-overlay-'));
  try {
    mkdirSync(join(root, 'app/overlay/usr/bin'), { recursive: true });
    writeFileSync(join(root, 'app/overlay/usr/bin/tool'), '');
    chmodSync(join(root, 'app/overlay/usr/bin/tool'), 0o755);
    writeFileSync(join(root, 'app/overlay/usr/plain'), '');
    mkdirSync(join(root, 'app/overlay/var/empty'), { recursive: true });
    execFileSync('mkfifo', [join(root, 'app/overlay/fifo')]);
    symlinkSync('/dev/null', join(root, 'app/overlay/masked.service'));
    expect(treeModes(root, 'app/overlay')).toEqual({
      executables: ['app/overlay/usr/bin/tool'],
      unhashed: {
        'app/overlay/fifo': 'no file',
        'app/overlay/masked.service': 'link to /dev/null',
        'app/overlay/var/empty': 'empty directory',
      },
    });
    expect(treeModes(root, 'app/none')).toEqual({ executables: [], unhashed: {} });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("the OS image's overlay is part of the key as an extension's is", async () => {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-overlay-'));
  try {
    mkdirSync(join(root, 'os/usr/bin'), { recursive: true });
    mkdirSync(join(root, 'os/srv'));
    writeFileSync(join(root, 'os/usr/bin/tool'), '', { mode: 0o755 });
    const runtime = 'default_target: qemux86-64\nruntimes: { dev: { extensions: [] } }\n';
    writeFileSync(join(root, 'avocado.yaml'), `${runtime}rootfs: { default: { overlay: os } }\n`);
    const [, infer] = createNodes;
    const made = await infer(['avocado.yaml'], {}, { workspaceRoot: root, nxJsonConfiguration: {} });
    const { targets } = Object.values(made[0]?.[1].projects ?? {}).find(({ name }) => name === 'dev') ?? {};
    expect(targets?.['rootfs']?.options).toMatchObject({
      executables: ['os/usr/bin/tool'],
      unhashed: { 'os/srv': 'empty directory' },
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});
