import { imageId } from '../store';
import { runtimeManifest } from './manifest';
import type { ManifestInput } from './manifest';

const hash = (digit: string) => digit.repeat(64);
const record = (name: string, digit: string) => ({
  name,
  version: '1.0.0',
  machine: 'qemux86-64',
  types: ['sysext' as const],
  image: {
    file: `${name}.raw`,
    sha256: hash(digit),
    size: 1,
    image_id: imageId(hash(digit)),
    filesystem: 'erofs' as const,
  },
  enable_services: [],
  on_merge: [],
  on_unmerge: [],
  packages: {},
  warnings: [],
});
const input: ManifestInput = {
  runtime: { name: 'dev', version: '2024' },
  rootfs: { sha256: hash('1'), size: 10, build_id: 'b' },
  initramfs: { sha256: hash('2'), size: 20 },
  kernel: { sha256: hash('3'), size: 30, version: '6.12' },
  extensions: [
    { record: record('first', '4'), enabled: true },
    { record: record('second', '5'), enabled: false },
  ],
  sourceDateEpoch: 0,
};

test('upstream manifest v2: order kept, disabled ones said so, ids from hashes', () => {
  const manifest = runtimeManifest(input);
  expect(manifest).toMatchObject({
    manifest_version: 2,
    built_at: '1970-01-01T00:00:00Z',
    runtime: { name: 'dev', version: '2024' },
    rootfs: { image_id: imageId(hash('1')), build_id: 'b' },
  });
  expect(manifest.extensions.map(({ name, enabled, image_id }) => [name, enabled, image_id])).toEqual([
    ['first', undefined, imageId(hash('4'))],
    ['second', false, imageId(hash('5'))],
  ]);
  expect(manifest).not.toHaveProperty('omitted');
});

test('the same runtime has the same id, another order another', () => {
  const { id } = runtimeManifest(input);
  expect(runtimeManifest({ ...input }).id).toBe(id);
  expect(runtimeManifest({ ...input, extensions: [...input.extensions].reverse() }).id).not.toBe(id);
});

test('what the feed leaves out is recorded, without an image', () => {
  const { image: _image, ...rest } = record('agent', '6');
  const manifest = runtimeManifest({
    ...input,
    extensions: [{ record: { ...rest, omitted: 'an agent of a cloud' }, enabled: true }],
  });
  expect(manifest.extensions).toEqual([]);
  expect(manifest.omitted).toEqual([{ name: 'agent', reason: 'an agent of a cloud' }]);
});
