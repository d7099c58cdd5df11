#!/usr/bin/env bash
# Cross-compiles ref-rust in the SDK, under the environment that the avocado CLI gives as well.
set -euo pipefail

# The SDK says which machine it builds for by the one target specification that it carries.
specs=("${RUST_TARGET_PATH:?}/${OECORE_TARGET_ARCH:?}"-*.json)
RUST_TARGET=$(basename "${specs[0]}" .json)

# The SDK's own flags are made for other recipes; they would get in the way of the ones below.
unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS
for flags in $(compgen -e | grep -E '^CARGO_TARGET_.*_RUSTFLAGS$' || true); do
  unset "$flags"
done

cd ref-rust
mkdir -p .cargo
cat >.cargo/config.toml <<TOML
[target.$RUST_TARGET]
rustflags = [
  "--sysroot=${SDKTARGETSYSROOT:?}/usr",
  "-C", "link-arg=--sysroot=$SDKTARGETSYSROOT",
]
TOML

cargo build --release --locked --target "$RUST_TARGET"
