import type { FeedPaths } from './layout';
import { programs, workDirectory } from './layout';
import { loginFile, trusted } from './steps';
import type { Step } from './steps';

/**
 * Which packages a call of dnf is for: the SDK's own, before and after its target's repositories are known; package
 * extensions; the target's.
 */
export type Side = 'bootstrap' | 'sdk' | 'extension' | 'target';

export interface DnfOptions {
  paths: FeedPaths;
  releasever: string;
  tls_verify: boolean;
  /** See `choosingArguments`. */
  more: string[];
}

export interface DnfCall {
  label: string;
  side: Side;
  /** `install`, packages, ... */
  argv: string[];
  installroot?: string;
  /** Globs of packages that must not be chosen. */
  exclude?: string[];
  /** Without scripts. */
  noscripts?: boolean;
  /** Only tells what it would do, in this file. */
  transaction?: string;
}

/** One call of dnf as upstream makes it (contract 2.1 and 2.3), with our plugin beside. */
export function dnfStep(call: DnfCall, { paths, releasever, tls_verify, more }: DnfOptions): Step {
  const { sdk, target } = paths;
  const set = (name: string, value: string): string => `--setopt=${name}=${value}`;
  const repositories = { bootstrap: [sdk], sdk: [sdk, target], extension: [sdk, target], target: [target] }[call.side];
  const reposdir = repositories.map((base) => `${base}/etc/yum.repos.d`).join(',');
  const ofTarget = call.side === 'target';
  return {
    kind: 'run',
    label: call.label,
    argv: [
      ...['dnf', `--releasever=${releasever}`, '--best'],
      set('check_config_file_age', '0'),
      ...more,
      ...(call.noscripts ? [set('tsflags', 'noscripts')] : []),
      ...[set('cachedir', `${sdk}/var/cache`), set('logdir', `${sdk}/var/log`)],
      ...(call.installroot === undefined ? [set('persistdir', `${sdk}/var/lib/dnf`)] : []),
      ...[set('varsdir', `${ofTarget ? target : sdk}/etc/dnf/vars`), set('reposdir', reposdir)],
      ...[set('sslcacert', trusted), ...(tls_verify ? [] : [set('sslverify', '0')])],
      ...[set('plugins', '1'), set('pluginpath', `${programs.target}/dnf`)],
      ...(call.installroot === undefined ? [] : [`--installroot=${call.installroot}`]),
      ...(call.side === 'bootstrap' || call.side === 'extension' ? [] : [`--disablerepo=${paths.machine}-target-ext`]),
      ...(call.exclude ?? []).map((glob) => `--exclude=${glob}`),
      ...call.argv,
    ],
    env: {
      NX_AVOCADO_LOGIN: `${workDirectory}/${loginFile}`,
      ...(ofTarget
        ? { RPM_ETCCONFIGDIR: target, RPM_NO_CHROOT_FOR_SCRIPTS: '1' }
        : { RPM_ETCCONFIGDIR: sdk, RPM_CONFIGDIR: `${sdk}/usr/lib/rpm` }),
      ...(call.transaction !== undefined && { NX_AVOCADO_TRANSACTION: call.transaction }),
    },
    ...(call.transaction !== undefined && { result: call.transaction }),
  };
}
