import { orderModules } from './modules';

test('what a module asks the kernel for by what it does comes before it', () => {
  const dep = ['a/libcrc32c.ko:', 'a/erofs.ko: a/libcrc32c.ko', 'a/crc32c_generic.ko:', ''].join('\n');
  expect(orderModules(dep).early).toEqual(['a/crc32c_generic.ko', 'a/libcrc32c.ko', 'a/erofs.ko']);
});

test("a machine's own modules come before those for other disks", () => {
  const dep = ['a/nvme.ko:', 'a/fixed.ko:', 'a/sdhci-iproc.ko: a/sdhci-pltfm.ko a/sdhci.ko', ''].join('\n');
  expect(orderModules(dep, ['fixed', 'sdhci_iproc']).storage).toEqual([
    'a/fixed.ko',
    'a/sdhci.ko',
    'a/sdhci-pltfm.ko',
    'a/sdhci-iproc.ko',
    'a/nvme.ko',
  ]);
});

test('modules come in the order to load them, each once, with what they need', () => {
  const lists = orderModules(
    [
      'kernel/lib/libcrc32c.ko.xz:',
      'kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko.xz',
      'kernel/drivers/block/virtio_blk.ko.xz:',
      // The last one needs nothing and is loaded first.
      'kernel/fs/btrfs/btrfs.ko.xz: kernel/crypto/xor.ko.xz kernel/lib/raid6_pq.ko.xz kernel/lib/libcrc32c.ko.xz',
      'kernel/drivers/mmc/host/sdhci-pci.ko: kernel/drivers/mmc/host/sdhci.ko',
      '',
    ].join('\n'),
  );
  expect(lists).toEqual({
    early: ['kernel/lib/libcrc32c.ko.xz', 'kernel/fs/erofs/erofs.ko.xz', 'kernel/drivers/block/virtio_blk.ko.xz'],
    var: ['kernel/lib/raid6_pq.ko.xz', 'kernel/crypto/xor.ko.xz', 'kernel/fs/btrfs/btrfs.ko.xz'],
    storage: ['kernel/drivers/mmc/host/sdhci.ko', 'kernel/drivers/mmc/host/sdhci-pci.ko'],
  });
});
