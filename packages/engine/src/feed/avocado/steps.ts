import type { FeedPaths } from './layout';
import { workDirectory } from './layout';
import type { Connection } from './source';

/** What feeds/avocado/steps.py does, in the SDK image. */
export type Step =
  | { kind: 'write'; path: string; content: string }
  | { kind: 'copy'; from: string; to: string }
  | { kind: 'join'; from: string[]; to: string }
  | { kind: 'replace'; path: string; values: [pattern: string, value: string][] }
  | { kind: 'run'; label: string; argv: string[]; env?: Record<string, string>; result?: string }
  | { kind: 'get'; url: string; to: string; trusted: string; tls_verify: boolean; login: string }
  | { kind: 'environment'; from: string; to: string; env: Record<string, string> }
  | { kind: 'unpack'; packages: string[]; to: string }
  | { kind: 'chown'; path: string; owner: string };

/** Where an image may keep the authorities that it trusts. */
const authorities = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/** Authorities for dnf: the image's own, and the one of `distro.repo.ca`, which the caller puts here. */
export const trusted = `${workDirectory}/trusted.pem`;
/** In the work directory: the feed's user name and password, where it has them. */
export const loginFile = 'login.json';
export const ownAuthority = `${workDirectory}/authority.pem`;

/** The architecture that packages of the SDK for this machine target have. */
export function sdkRpmArchitecture({ machine, architecture }: FeedPaths): string {
  return `${machine}_${architecture}_avocadosdk`.replaceAll('-', '_');
}

/**
 * Makes the SDK's prefix ready for dnf and rpm (contract 2.1 and 2.3.1): the image's configuration below it, the machine-scoped
 * architecture first, and rpm's database in it.
 */
export function prefixSteps(paths: FeedPaths): Step[] {
  const { sdk } = paths;
  const arch = sdkRpmArchitecture(paths);
  const generic = `${paths.architecture}_avocadosdk`;
  const compatible = ['all', 'any', 'noarch', paths.architecture, generic, 'all_avocadosdk', arch].join(' ');
  return [
    ...['rpmrc', 'rpm', 'dnf', 'yum.repos.d'].map((name): Step => ({
      kind: 'copy',
      from: `/etc/${name}`,
      to: `${sdk}/etc/${name}`,
    })),
    { kind: 'copy', from: '/usr/lib/rpm', to: `${sdk}/usr/lib/rpm` },
    {
      kind: 'replace',
      path: `${sdk}/usr/lib/rpm/macros`,
      values: [
        [String.raw`^%_usr[ \t]+/usr$`, `%_usr ${sdk}/usr`],
        [String.raw`^%_var[ \t]+/var$`, `%_var ${sdk}/var`],
      ],
    },
    {
      kind: 'replace',
      path: `${sdk}/etc/rpmrc`,
      values: [[String.raw`\Z`, `\narch_compat: ${arch}: ${compatible}\nbuildarch_compat: ${arch}: noarch\n`]],
    },
    { kind: 'replace', path: `${sdk}/etc/dnf/vars/arch`, values: [[String.raw`\A(?!${arch})`, `${arch}:`]] },
    { kind: 'write', path: `${sdk}/etc/rpm/platform`, content: `${arch}-avocado-linux\n` },
  ];
}

/** What dnf needs beside the prefix to reach the feed. */
export function connectionSteps({ sdk, target }: FeedPaths, { url }: Connection): Step[] {
  return [
    ...[sdk, target].map((base): Step => ({
      kind: 'write',
      path: `${base}/etc/dnf/vars/repo_url`,
      content: `${url}\n`,
    })),
    { kind: 'join', from: [...authorities, ownAuthority], to: trusted },
  ];
}
