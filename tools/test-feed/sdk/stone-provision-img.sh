#!/bin/bash
# Profile img: one raw disk, by sfdisk, mkfs.vfat and mtools; systemd-boot starts the kernel.
set -euo pipefail
data=$AVOCADO_STONE_DATA_DIR
disk=$AVOCADO_STONE_BUILD_DIR/avocado-os-$AVOCADO_TARGET.img
var=$data/avocado-image-var-$AVOCADO_TARGET.btrfs
rootfs=$data/avocado-image-rootfs-$AVOCADO_TARGET.erofs-lz4
root_id=8d6d24a6-6e3a-4a80-9cb4-5a3a3f1f2f6b
var_id=4d21b016-b534-45c2-a9fb-5c16e091fd2d
mib() { echo $((($(stat --format=%s "$1") + 1048575) / 1048576)); }

boot=$AVOCADO_STONE_BUILD_DIR/boot.vfat
truncate --size=300M "$boot"
mkfs.vfat -F 32 -n BOOT "$boot" >/dev/null
printf 'title Avocado\nlinux /bzImage\ninitrd /initramfs\noptions root=PARTUUID=%s rootfstype=erofs console=ttyS0 panic=-1 systemd.journald.forward_to_console=1\n' \
  "$root_id" >"$AVOCADO_STONE_BUILD_DIR/avocado.conf"
printf 'timeout 0\n' >"$AVOCADO_STONE_BUILD_DIR/loader.conf"
mmd -i "$boot" ::EFI ::EFI/BOOT ::loader ::loader/entries
mcopy -i "$boot" "$AVOCADO_SDK_PREFIX/usr/lib/systemd/boot/efi/systemd-bootx64.efi" ::EFI/BOOT/BOOTX64.EFI
mcopy -i "$boot" "$AVOCADO_STONE_BUILD_DIR/loader.conf" ::loader/loader.conf
mcopy -i "$boot" "$AVOCADO_STONE_BUILD_DIR/avocado.conf" ::loader/entries/avocado.conf
mcopy -i "$boot" "$AVOCADO_PROVISION_KERNEL_IMAGE" ::bzImage
mcopy -i "$boot" "$data/avocado-image-initramfs-$AVOCADO_TARGET.cpio.zst" ::initramfs

root_size=$(mib "$rootfs")
var_size=$(($(mib "$var") + 64))
rm -f "$disk"
truncate --size=$((302 + root_size + var_size))M "$disk"
sfdisk --quiet "$disk" <<TABLE
label: gpt
label-id: 2c6d8a1e-3f4b-4d5c-9e6f-7a8b9c0d1e2f
start=2048, size=300MiB, type=U, name=boot-a
size=${root_size}MiB, type=L, name=rootfs-a, uuid=$root_id
size=${var_size}MiB, type=L, name=var, uuid=$var_id
TABLE
place() { dd if="$1" of="$disk" bs=1M seek="$2" conv=notrunc,sparse status=none; }
place "$boot" 1
place "$rootfs" 301
place "$var" $((301 + root_size))
rm "$boot"
echo "made $(basename "$disk") of $AVOCADO_RUNTIME_NAME with $AVOCADO_EXT_LIST"
