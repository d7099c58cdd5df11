#!/bin/bash
# Unpacks Debian packages and builds RPMs of them. Runs in the builder's root; arguments: group's RPM architecture.
# /work holds `debs` (lines: name, sha256, root), `files/<name>/` (files of our own), `group.spec`; RPMs go to /work/out.
set -euo pipefail
arch=$1
tree=/work/tree
mkdir -p "$tree" /work/out

while read -r name sha root; do
  mkdir -p "$tree/$name$root"
  dpkg-deb --fsys-tarfile "/debs/$sha.deb" | tar --extract --directory "$tree/$name$root" --no-same-owner \
    --preserve-permissions --exclude './usr/share/doc/*' --exclude './usr/share/man/*' \
    --exclude './usr/share/locale/*' --exclude './usr/share/info/*' --exclude ./bin --exclude ./sbin \
    --exclude ./lib --exclude ./lib32 --exclude ./lib64 --exclude ./libx32
done </work/debs

while read -r name from to; do mv "$tree/$name$from" "$tree/$name$to"; done </work/moves

if [ -d /work/files ]; then cp -a /work/files/. "$tree/"; fi

while read -r name; do
  mkdir -p "$tree/$name"
  (
    cd "$tree/$name"
    # Directories above the SDK's prefix are the image's.
    find . -mindepth 1 -type d ! -path ./opt ! -path ./opt/_avocado -printf '%%dir "/%P"\n'
    find . -mindepth 1 ! -type d -printf '"/%P"\n'
  ) | LC_ALL=C sort >"$tree/$name.files"
done </work/names

cat >/work/rpmrc <<RC
arch_canon: $arch: $arch 1
arch_compat: $arch: noarch
buildarch_compat: $arch: noarch
RC
mkdir -p /work/rpmbuild/BUILD
rpmbuild -bb --quiet --target "$arch-avocado-linux" --rcfile /usr/lib/rpm/rpmrc:/work/rpmrc \
  --define '_dbpath /tmp/rpmdb' --define '_tmppath /tmp' --define '_topdir /work/rpmbuild' --define '_rpmdir /work/out' \
  --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' /work/group.spec
rm -rf "$tree" /work/rpmbuild
