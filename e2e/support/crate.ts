/** The Cargo.lock of a crate `ref_rust` with one package of crates.io. */
export const lockWithItoa = `version = 4

[[package]]
name = "itoa"
version = "1.0.15"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "4a5f13b858c8d314ee3e8f639011f7ccefe71f97f96e50151fb991f267928e2c"

[[package]]
name = "ref_rust"
version = "0.1.0"
dependencies = [
 "itoa",
]
`;
