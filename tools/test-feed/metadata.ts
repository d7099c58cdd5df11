import { groups, machineName, prefix, repositoryIds } from './layout';
import type { GroupName } from './layout';
import type { Package } from './package';

const repoconf = `${prefix}/sdk/target-repoconf`;

/**
 * avocado-sdk-<target>: the repositories of a machine target, and the RPM architectures that it takes. The address of the feed
 * and its release are variables of dnf.
 */
export function metadataPackage(): Package {
  const names: GroupName[] = ['sdk', 'machine', 'target', 'extensions'];
  const repositories = names.map(
    (name, index) =>
      `[${repositoryIds[name]}]\nname=${repositoryIds[name]}\nbaseurl=$repo_url/$releasever/${groups[name].repository}\n` +
      `enabled=1\ngpgcheck=0\npriority=${index + 1}\n`,
  );
  const architectures = [groups.machine.arch, groups.target.arch];
  return {
    group: 'bootstrap',
    name: `avocado-sdk-${machineName}`,
    evr: '1.0-r0',
    files: [
      { path: `${repoconf}/etc/yum.repos.d/avocado-${machineName}.repo`, content: repositories.join('\n') },
      { path: `${repoconf}/etc/dnf/vars/arch`, content: `${architectures.join(':')}:noarch\n` },
      { path: `${repoconf}/etc/rpm/platform`, content: `${groups.machine.arch}-avocado-linux\n` },
      { path: `${repoconf}/etc/rpmrc`, content: archCompat() },
    ],
  };
}

/** `etc/rpmrc`: what may be installed where the platform is the machine-scoped SDK architecture. */
export function archCompat(): string {
  const all = [groups.sdk.arch, groups.bootstrap.arch, 'x86_64_avocadosdk', groups.machine.arch, groups.target.arch];
  return `arch_compat: ${groups.sdk.arch}: ${all.join(' ')} x86_64 noarch all any\nbuildarch_compat: ${groups.sdk.arch}: noarch\n`;
}
