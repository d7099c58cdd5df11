import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProvisionOptions } from '../../task';
import { findKernelImage } from './kernel';
import { upstreamEnvironment } from './provision';

const output = (task: string) => ({ task, path: task });
const options: ProvisionOptions = {
  ...{ machine: 'raspberrypi5', outputPath: 'out', sdk: output('sdk'), rootfs: output('rootfs') },
  ...{ runtime: output('runtime'), runtimeName: 'dev', source_date_epoch: 0 },
};

test('the environment of provision is upstream’s', () => {
  const stone = {
    ...{ sourceRoot: 'app', include: ['stone/a', '/opt/b'], manifest: 'stone.json', filesystem: 'erofs-lz4' },
    ...{ distro: { release: '2024' }, containerArgs: [], profiles: {} },
  };
  expect(upstreamEnvironment({ ...options, profile: 'sd', stone }, '6.6.1', '/p', 'linux')).toEqual({
    AVOCADO_TARGET: 'raspberrypi5',
    AVOCADO_RUNTIME: 'dev',
    AVOCADO_RUNTIME_NAME: 'dev',
    AVOCADO_RUNTIME_VERSION: '2024',
    AVOCADO_DISTRO_VERSION: '2024',
    AVOCADO_RUNTIME_BUILD_DIR: '/p/runtimes/dev',
    AVOCADO_USB_PASSTHROUGH: '1',
    AVOCADO_PROVISION_OUT: '/p/output/provision',
    AVOCADO_PROVISION_PROFILE: 'sd',
    AVOCADO_PROVISION_KERNEL_VERSION: '6.6.1',
    AVOCADO_PROVISION_KERNEL_IMAGE: '/p/kernel/6.6.1/Image',
    AVOCADO_STONE_INCLUDE_PATHS: '/opt/src/stone/a /opt/b',
    AVOCADO_STONE_MANIFEST: '/opt/src/stone.json',
  });
  const bare = upstreamEnvironment(options, '6.6.1', '/p', 'darwin');
  expect(bare['AVOCADO_USB_PASSTHROUGH']).toBe('0');
  expect(bare).not.toHaveProperty('AVOCADO_PROVISION_PROFILE');
});

describe('findKernelImage', () => {
  const root = mkdtempSync(join(tmpdir(), 'kernel-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('the newest image that fits, by its kind and version; none is an error that says what there is', async () => {
    await expect(findKernelImage(root)).rejects.toMatchObject({ code: 'KERNEL_MISSING' });
    mkdirSync(join(root, 'boot'));
    writeFileSync(join(root, 'boot/Image-6.6.1-yocto'), '');
    writeFileSync(join(root, 'boot/System.map-6.6.1-yocto'), '');
    expect(await findKernelImage(root)).toMatchObject({ kind: 'Image', version: '6.6.1-yocto' });
    writeFileSync(join(root, 'boot/Image-5.15.9'), '');
    expect(await findKernelImage(root)).toMatchObject({ version: '6.6.1-yocto' });
    expect(await findKernelImage(root, '>= 5.10, < 6')).toMatchObject({ version: '5.15.9' });
    await expect(findKernelImage(root, '6.12.*')).rejects.toMatchObject({
      code: 'KERNEL_UNAVAILABLE',
      message: 'no kernel of the feed is 6.12.*: it has 6.6.1-yocto, 5.15.9',
    });
  });
});
