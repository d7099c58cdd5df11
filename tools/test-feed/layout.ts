/** Where things are in the feed and in what it installs: the names of contract sections 1.10, 2.2 and 5. */
export const machineName = 'qemux86-64';
export const release = '2024';
export const channel = 'edge';
export const sdkArchitecture = 'x86_64';

export const prefix = `/opt/_avocado/${machineName}`;
/** `AVOCADO_SDK_PREFIX` */
export const sdkPrefix = `${prefix}/sdk/${sdkArchitecture}`;

/** One group of packages: all of one RPM architecture, in one repository. */
export interface Group {
  /** RPM architecture. */
  arch: string;
  /** Path of the repository below `{release}/{channel}`. */
  repository: string;
  /** Where a package's files go. */
  root: string;
}

export const groups = {
  bootstrap: { arch: 'all_avocadosdk', repository: 'sdk/all', root: '/' },
  sdk: { arch: 'qemux86_64_x86_64_avocadosdk', repository: `sdk/${machineName}`, root: sdkPrefix },
  target: { arch: 'core2_64', repository: 'target/core2_64', root: '/' },
  machine: { arch: 'qemux86_64', repository: `target/${machineName}`, root: '/' },
  extensions: { arch: 'noarch', repository: `target/${machineName}-ext`, root: '/' },
} as const satisfies Record<string, Group>;

export type GroupName = keyof typeof groups;

/** Identifiers of dnf's repositories; the SDK image knows the first alone. */
export const repositoryIds: Record<GroupName, string> = {
  bootstrap: 'avocado-sdk',
  sdk: `${machineName}-sdk`,
  target: `${machineName}-core2_64`,
  machine: `${machineName}-target`,
  extensions: `${machineName}-target-ext`,
};
