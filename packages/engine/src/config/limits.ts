/**
 * Every limit on what a configuration may be. They stand far above real projects (the largest public one has 174 lines
 * and 5 KiB) and low enough that a hostile file is refused in about a second.
 */
export const LIMITS = {
  /** Bytes of the avocado.yaml. A file of this size that is nothing but syntax errors takes 1 s to refuse. */
  fileBytes: 128 * 1024,
  /** Bytes of a file that a version is read from. */
  providerBytes: 1024 * 1024,
  /** Open flow collections, and nodes between the root and a leaf. */
  depth: 64,
  /** Columns that a line may be indented by; also bounds the depth of block collections. */
  indent: 200,
  /** Maps, lists and scalars once aliases are expanded. */
  nodes: 50_000,
  /** Override blocks (`target-<name>`, `kernel-<spec>`, bare targets) in one file. */
  overrideBlocks: 200,
  /** Length of a chain of references in `{{ }}`; upstream makes this many passes. */
  interpolationPasses: 100,
  /** Characters that one value may have after interpolation. */
  interpolatedLength: 64 * 1024,
  /** Characters that interpolation may produce in one file. */
  interpolatedTotal: 4 * 1024 * 1024,
  /** Diagnostics that are reported; what comes after is cut. */
  diagnostics: 100,
} as const;
