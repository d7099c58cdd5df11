#!/bin/bash
# Hands a runtime over to the SDK's own programs: stone bundles it, avocado-provision-<target> makes what is flashed
# (contract 2.7 and 2.8). Runs in the SDK, with the layout of upstream's volume at $AVOCADO_PREFIX.
# /mnt/var is the content of the var partition; compressed results go to /work/out.
# VAR_SUBVOLUMES, VAR_UUID
set -euo pipefail
umask 022

# shellcheck disable=SC2086 # Words of ours.
mkfs.btrfs --quiet --force --rootdir /mnt/var $VAR_SUBVOLUMES --uuid "$VAR_UUID" \
  "$AVOCADO_RUNTIME_BUILD_DIR/avocado-image-var-$AVOCADO_TARGET.btrfs"

hook=$AVOCADO_SDK_PREFIX/usr/bin/avocado-build-$AVOCADO_TARGET
if [ -x "$hook" ]; then "$hook" "$AVOCADO_RUNTIME"; fi

output=$AVOCADO_PREFIX/output/runtimes/$AVOCADO_RUNTIME
include=()
for path in ${AVOCADO_STONE_INCLUDE_PATHS:-}; do include+=(-i "$path"); done
initrd=$AVOCADO_PREFIX/initramfs/usr/lib/os-release-initrd
if [ -f "$initrd" ]; then include=(--os-release-initrd "$initrd" "${include[@]}"); fi
stone bundle --os-release "$AVOCADO_PREFIX/rootfs/usr/lib/os-release" \
  -m "${AVOCADO_STONE_MANIFEST:-$AVOCADO_SDK_PREFIX/stone/stone-$AVOCADO_TARGET.json}" \
  "${include[@]}" -i "$AVOCADO_RUNTIME_BUILD_DIR" \
  --partition-size "var=$(stat --format=%s "$AVOCADO_RUNTIME_BUILD_DIR/avocado-image-var-$AVOCADO_TARGET.btrfs")" \
  -o "$output/os-bundle.aos" --build-dir "$output/stone"

"avocado-provision-$AVOCADO_TARGET" "$AVOCADO_RUNTIME"

# Profiles that only make files need not know AVOCADO_PROVISION_OUT.
results=$AVOCADO_PROVISION_OUT
if [ -z "$(find "$results" -type f)" ]; then
  find "$output/stone/_build" -maxdepth 1 -name '*.img' -exec cp --sparse=always {} "$results" \;
fi
cd "$results"
find . -type f -printf '%P\0' | LC_ALL=C sort -z | while IFS= read -r -d '' file; do
  mkdir -p "/work/out/files/$(dirname "$file")"
  zstd --quiet --single-thread -3 "$file" -o "/work/out/files/$file.zst"
done
