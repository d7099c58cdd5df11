import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNodes } from './create-nodes';

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
