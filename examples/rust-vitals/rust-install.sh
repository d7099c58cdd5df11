#!/usr/bin/env bash
# Installs what rust-compile.sh built into the extension's sysroot.
set -euo pipefail

specs=("${RUST_TARGET_PATH:?}/${OECORE_TARGET_ARCH:?}"-*.json)
RUST_TARGET=$(basename "${specs[0]}" .json)

install -D -m 0755 "ref-rust/target/$RUST_TARGET/release/ref_rust" "${AVOCADO_BUILD_EXT_SYSROOT:?}/usr/bin/ref_rust"
