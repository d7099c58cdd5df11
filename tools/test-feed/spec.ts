import { groups } from './layout';
import type { GroupName } from './layout';
import type { Package } from './package';

/** Times of all files and of the packages themselves: 2025-01-01. */
export const buildTime = 1735689600;

const macros: Record<string, string> = {
  _buildhost: 'reproducible',
  _build_id_links: 'none',
  _binary_payload: 'w1.zstdio',
  __os_install_post: '%{nil}',
  debug_package: '%{nil}',
  _empty_manifest_terminate_build: '0',
  build_mtime_policy: 'clamp_to_source_date_epoch',
  source_date_epoch_from_changelog: '0',
  use_source_date_epoch_as_buildtime: '1',
};

/**
 * One spec for all packages of a group, so that rpmbuild runs once.
 * @param tree directory that has the files of each package below its name, and a list of them beside it (`<name>.files`)
 */
export function specText(group: GroupName, packages: readonly Package[], tree: string): string {
  const { arch } = groups[group];
  const [epoch, version, release] = ['', '1', '1'];
  return [
    ...Object.entries(macros).map(([name, value]) => `%global ${name} ${value}`),
    ...header(`avocado-test-${group}`, `${epoch}${version}-${release}`),
    ...(arch === 'noarch' ? ['BuildArch: noarch'] : []),
    '%description',
    'Packages of the test feed.',
    ...packages.flatMap((item) => subpackage(item, tree)),
    '%prep',
    '%build',
    '%install',
    `for tree in ${tree}/*/; do cp -al "$tree." %{buildroot}/; done`,
    '',
  ].join('\n');
}

function header(name: string, evr: string): string[] {
  return [`Name: ${name}`, ...versionLines(evr), 'Summary: Test feed', 'License: various', 'AutoReqProv: no'];
}

function versionLines(evr: string): string[] {
  const [, epoch, version = '', release = ''] = /^(?:(\d+):)?([^-]+)-([^-]+)$/.exec(evr) ?? [];
  return [...(epoch ? [`Epoch: ${epoch}`] : []), `Version: ${version}`, `Release: ${release}`];
}

function subpackage(item: Package, tree: string): string[] {
  const lines = (field: string, names: readonly string[] = []): string[] => names.map((name) => `${field}: ${name}`);
  return [
    `%package -n ${item.name}`,
    ...versionLines(item.evr),
    `Summary: ${item.name}`,
    'AutoReqProv: no',
    ...lines('Requires', item.requires),
    ...lines('Recommends', item.recommends),
    ...lines('Provides', item.provides),
    `%description -n ${item.name}`,
    item.name,
    ...(item.post === undefined ? [] : [`%post -n ${item.name}`, item.post]),
    `%files -n ${item.name} -f ${tree}/${item.name}.files`,
    '%defattr(-,root,root,-)',
  ];
}
