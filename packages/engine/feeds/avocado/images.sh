#!/bin/bash
# Makes the OS image and the initramfs of unpacked packages, as the avocado CLI does (contract 2.7): the default steps in
# place of post_install. Runs in the SDK.
# /mnt/rootfs and /mnt/initramfs are the packages; /mnt/add is what goes over the first; /mnt/scratch is empty; files go to /work/out.
# SOURCE_DATE_EPOCH, ROOTFS_COMPRESSION (arguments of mkfs.erofs)
set -euo pipefail
umask 022

# What Yocto's image classes do beside installing packages.
finish() {
  local root=$1 name
  for name in bin sbin lib; do
    if [ -L "$root/$name" ] || [ ! -e "$root/$name" ]; then ln -sfn "usr/$name" "$root/$name"; fi
  done
  rm -rf "$root/media" "$root/mnt" "$root/srv" "$root"/boot/*
  mkdir -p "$root/opt" "$root/dev" "$root/proc" "$root/run" "$root/sys" "$root/tmp" "$root/var"
}

# Scripts of packages do not run here: the index of kernel modules and the cache of libraries are made afterwards.
index() {
  local root=$1 modules
  for modules in "$root"/usr/lib/modules/*/; do
    if [ -d "$modules" ] && [ ! -e "$modules/modules.dep" ]; then depmod -b "$root" "$(basename "$modules")"; fi
  done
}

rootfs=/mnt/scratch/rootfs
mkdir "$rootfs"
cp -a /mnt/rootfs/. "$rootfs"
cp -a /mnt/add/. "$rootfs"
finish "$rootfs"
[ -e "$rootfs/etc/machine-id" ] || touch "$rootfs/etc/machine-id"
index "$rootfs"
if [ -e "$rootfs/usr/lib/systemd/systemd" ]; then
  systemctl=$AVOCADO_SDK_PREFIX/ext-rpm-config-scripts/bin/systemctl
  if [ -x "$systemctl" ]; then "$systemctl" --root="$rootfs" --preset-mode=enable-only preset-all; fi
fi
/usr/sbin/ldconfig -r "$rootfs" -c new -X
# shellcheck disable=SC2086 # Words of ours.
mkfs.erofs --quiet -T "$SOURCE_DATE_EPOCH" -U 00000000-0000-0000-0000-000000000000 -x -1 --all-root \
  $ROOTFS_COMPRESSION /work/out/rootfs.erofs "$rootfs"

initramfs=/mnt/scratch/initramfs
mkdir "$initramfs"
cp -a /mnt/initramfs/. "$initramfs"
finish "$initramfs"
index "$initramfs"
mkdir -p "$initramfs/sysroot"
if [ ! -e "$initramfs/init" ] && [ ! -L "$initramfs/init" ]; then ln -s /sbin/init "$initramfs/init"; fi
find "$initramfs" -print0 | xargs -0 touch -h -d "@$SOURCE_DATE_EPOCH"
(
  cd "$initramfs"
  find . | LC_ALL=C sort | cpio --reproducible --create --format=newc --owner=+0:+0 --quiet
) | zstd --quiet --single-thread -3 -o /work/out/initramfs.cpio.zst
