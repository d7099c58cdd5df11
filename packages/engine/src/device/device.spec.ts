import { deviceFiles, unitChanges, unitLinks } from '.';

test('the agent is executable, configuration is not', () => {
  const modes = new Map(deviceFiles().map(({ path, mode }) => [path, mode]));
  expect(modes.get('usr/bin/avocadoctl')).toBe(0o755);
  expect(modes.get('usr/lib/systemd/system/avocado-extension.service')).toBe(0o644);
});

test('units are linked only where the image has them; the getty is on the console', () => {
  const links = unitLinks('ttyAMA0', (path) => !path.endsWith('systemd-resolved.service'));
  expect(links['etc/systemd/system/sysinit.target.wants/avocado-extension.service']).toBe(
    '/usr/lib/systemd/system/avocado-extension.service',
  );
  expect(links).toHaveProperty(['etc/systemd/system/getty.target.wants/serial-getty@ttyAMA0.service']);
  expect(links).not.toHaveProperty(['etc/systemd/system/multi-user.target.wants/systemd-resolved.service']);
  expect(links['etc/systemd/system/systemd-sysext.service']).toBe('/dev/null');
});

test('nothing waits for the names service', () => {
  const change = unitChanges['usr/lib/systemd/system/systemd-resolved.service'];
  expect(change?.('[Unit]\nBefore=sysinit.target network.target\n[Install]\nWantedBy=sysinit.target\n')).toBe(
    '[Unit]\nBefore=network.target\nAfter=basic.target\n[Install]\nWantedBy=multi-user.target\n',
  );
});
