import type { ExtensionSection } from '../config/types';
import type { ExtensionIdentity } from './identity';

export type ExtensionType = 'sysext' | 'confext';

/** What a staged sysroot asks of the device when it is merged, found in its files (contract 2.4). */
export interface DetectedContent {
  kernelModules: boolean;
  sysusers: Record<ExtensionType, boolean>;
  tmpfiles: Record<ExtensionType, boolean>;
  ldconfig: boolean;
}

/** @param paths of all files, relative to the sysroot */
export function detectContent(paths: Iterable<string>): DetectedContent {
  const found: DetectedContent = {
    kernelModules: false,
    sysusers: { sysext: false, confext: false },
    tmpfiles: { sysext: false, confext: false },
    ldconfig: false,
  };
  for (const path of paths) {
    if (/^usr\/lib\/modules\/.*\.ko(\.xz|\.gz|\.zst)?$/.test(path)) found.kernelModules = true;
    const conf = /^(usr\/(?:local\/)?lib|etc)\/(sysusers|tmpfiles)\.d\/[^/]+\.conf$/.exec(path);
    if (conf) found[conf[2] as 'sysusers' | 'tmpfiles'][conf[1] === 'etc' ? 'confext' : 'sysext'] = true;
    if (/^etc\/ld\.so\.conf\.d\/[^/]+\.conf$/.test(path)) found.ldconfig = true;
  }
  return found;
}

export function releasePath(type: ExtensionType, { name, version }: ExtensionIdentity): string {
  const directory = type === 'sysext' ? 'usr/lib' : 'etc';
  return `${directory}/extension-release.d/extension-release.${name}-${version}`;
}

/**
 * The extension-release file (os-release(5) syntax): systemd reads the first lines, the merge agent the AVOCADO_ ones.
 * The lines stand in upstream's order.
 */
export function renderRelease(type: ExtensionType, section: ExtensionSection, detected: DetectedContent): string {
  const merge = (commands: string[]) => commands.map((command) => `AVOCADO_ON_MERGE=${quoteAlways(command)}`);
  const when = (found: boolean, command: string) => (found ? [command] : []);
  // A confext alone must load its modules as well; of two release files one is enough.
  const modules = type === 'sysext' || !section.types.includes('sysext');
  const automatic = [
    ...when(type === 'sysext' && detected.kernelModules, 'depmod'),
    ...(modules ? section.modprobe.map((module) => `modprobe ${module}`) : []),
    ...when(detected.sysusers[type], 'systemd-sysusers'),
    ...when(type === 'confext' && detected.ldconfig, 'ldconfig'),
    ...when(detected.tmpfiles[type], 'systemd-tmpfiles --create'),
  ];
  const lines = [
    'ID=_any',
    `EXTENSION_RELOAD_MANAGER=${section.reload_service_manager ? 1 : 0}`,
    type === 'sysext'
      ? `SYSEXT_SCOPE=${quote(section.sysext_scopes.join(' '))}`
      : `CONFEXT_SCOPE=${quote(section.confext_scopes.join(' '))}`,
    ...merge(automatic),
    ...merge(section.on_merge),
    ...section.on_unmerge.map((command) => `AVOCADO_ON_UNMERGE=${quoteAlways(command)}`),
    ...(type === 'confext' && section.enable_services.length > 0
      ? [`AVOCADO_ENABLE_SERVICES=${quoteAlways(section.enable_services.join(' '))}`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** os-release(5): double quotes, with a backslash before `\`, `"`, `$` and a backtick. */
function quoteAlways(value: string): string {
  return `"${value.replace(/[\\"$`]/g, '\\$&')}"`;
}

function quote(value: string): string {
  return /^[A-Za-z0-9._-]+$/.test(value) ? value : quoteAlways(value);
}
