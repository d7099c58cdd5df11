import { execFileSync } from 'node:child_process';
import type { ExtensionSection } from '../config/types';
import { detectContent, releasePath, renderRelease } from './release';

const section = (given: Partial<ExtensionSection> = {}) =>
  ({
    name: 'app',
    types: ['sysext', 'confext'],
    sysext_scopes: ['system'],
    confext_scopes: ['system'],
    reload_service_manager: false,
    on_merge: [],
    on_unmerge: [],
    modprobe: [],
    enable_services: [],
    ...given,
  }) as ExtensionSection;

test('the file is named after the image', () => {
  const identity = { name: 'my-app', version: '1.0.0-rc.1' };
  expect(releasePath('sysext', identity)).toBe('usr/lib/extension-release.d/extension-release.my-app-1.0.0-rc.1');
  expect(releasePath('confext', identity)).toBe('etc/extension-release.d/extension-release.my-app-1.0.0-rc.1');
});

test('nothing asked for', () => {
  const none = detectContent([]);
  expect(renderRelease('sysext', section(), none)).toBe('ID=_any\nEXTENSION_RELOAD_MANAGER=0\nSYSEXT_SCOPE=system\n');
  expect(renderRelease('confext', section(), none)).toBe('ID=_any\nEXTENSION_RELOAD_MANAGER=0\nCONFEXT_SCOPE=system\n');
});

test("every line, in upstream's order", () => {
  const everything = section({
    reload_service_manager: true,
    sysext_scopes: ['system', 'portable'],
    confext_scopes: ['system', 'initrd'],
    modprobe: ['brcmfmac', 'dummy'],
    on_merge: ['systemctl restart --no-block app.service', 'networkctl reload'],
    on_unmerge: ['systemctl stop app.service'],
    enable_services: ['app.service', 'b.service'],
  });
  const detected = detectContent([
    'usr/lib/modules/6.12/extra/a.ko.xz',
    'usr/lib/sysusers.d/a.conf',
    'usr/local/lib/tmpfiles.d/a.conf',
    'etc/sysusers.d/a.conf',
    'etc/tmpfiles.d/a.conf',
    'etc/ld.so.conf.d/a.conf',
  ]);
  expect(renderRelease('sysext', everything, detected)).toBe(`ID=_any
EXTENSION_RELOAD_MANAGER=1
SYSEXT_SCOPE="system portable"
AVOCADO_ON_MERGE="depmod"
AVOCADO_ON_MERGE="modprobe brcmfmac"
AVOCADO_ON_MERGE="modprobe dummy"
AVOCADO_ON_MERGE="systemd-sysusers"
AVOCADO_ON_MERGE="systemd-tmpfiles --create"
AVOCADO_ON_MERGE="systemctl restart --no-block app.service"
AVOCADO_ON_MERGE="networkctl reload"
AVOCADO_ON_UNMERGE="systemctl stop app.service"
`);
  expect(renderRelease('confext', everything, detected)).toBe(`ID=_any
EXTENSION_RELOAD_MANAGER=1
CONFEXT_SCOPE="system initrd"
AVOCADO_ON_MERGE="systemd-sysusers"
AVOCADO_ON_MERGE="ldconfig"
AVOCADO_ON_MERGE="systemd-tmpfiles --create"
AVOCADO_ON_MERGE="systemctl restart --no-block app.service"
AVOCADO_ON_MERGE="networkctl reload"
AVOCADO_ON_UNMERGE="systemctl stop app.service"
AVOCADO_ENABLE_SERVICES="app.service b.service"
`);
});

test('a confext alone loads modules too', () => {
  const text = renderRelease('confext', section({ types: ['confext'], modprobe: ['dummy'] }), detectContent([]));
  expect(text).toContain('AVOCADO_ON_MERGE="modprobe dummy"\n');
});

test('only what systemd reads counts as content', () => {
  expect(
    detectContent(['usr/share/tmpfiles.d/a.conf', 'usr/lib/tmpfiles.d/a.txt', 'etc/ld.so.conf', 'opt/modules/a.ko']),
  ).toEqual(detectContent([]));
});

test.each([
  `sh -c 'echo "hi"; touch /run/x'`,
  'echo $HOME `id` \\n "$(date)" \\\\',
  `a 'b' "c" \${d}`,
  '!history # no comment',
])('a shell reads the command back as it was written: %s', (command) => {
  const text = renderRelease('confext', section({ on_merge: [command] }), detectContent([]));
  const script = `${text}\nprintf %s "$AVOCADO_ON_MERGE"`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(command);
});
