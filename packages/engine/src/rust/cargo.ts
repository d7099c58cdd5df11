/** Arguments of cargo. Every build is locked; only fetching may use the network. */
export function fetchArguments(manifest: string, triple: string): string[] {
  return ['cargo', 'fetch', '--locked', '--target', triple, '--manifest-path', manifest];
}

export interface BuildRequest {
  /** Path of Cargo.toml inside the SDK. */
  manifest: string;
  triple: string;
  profile: string;
  features: readonly string[];
}

export function buildArguments({ manifest, triple, profile, features }: BuildRequest): string[] {
  return [
    ...['cargo', 'build', ...(profile === 'release' ? ['--release'] : ['--profile', profile])],
    ...['--locked', '--offline', '--target', triple, '--manifest-path', manifest],
    ...(features.length > 0 ? ['--features', [...features].sort().join(',')] : []),
  ];
}

/** The directory below `target/<triple>` that a profile's results are in. */
export function profileDirectory(profile: string): string {
  return profile === 'dev' || profile === 'test' ? 'debug' : profile === 'bench' ? 'release' : profile;
}

/**
 * rustc's flags for the target, the same that upstream's scripts write.
 * @param sysroot `SDKTARGETSYSROOT`: its `usr` is rustc's sysroot, itself the C one
 */
export function targetFlags(sysroot: string): string[] {
  return [`--sysroot=${sysroot}/usr`, '-C', `link-arg=--sysroot=${sysroot}`];
}
