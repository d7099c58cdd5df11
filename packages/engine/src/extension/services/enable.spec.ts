import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { planServices } from './enable';
import { unitsIn } from './find-unit';

let sysroot: string;
beforeEach(async () => {
  sysroot = await mkdtemp(join(tmpdir(), 'units-'));
});
afterEach(() => rm(sysroot, { recursive: true }));

async function unit(path: string, install: string): Promise<void> {
  await mkdir(dirname(join(sysroot, path)), { recursive: true });
  await writeFile(join(sysroot, path), `[Service]\nExecStart=/bin/true\n${install}`);
}
const plan = (...services: string[]) =>
  planServices(
    services,
    unitsIn(sysroot),
    'app',
    services.map((_, index) => ({ file: 'avocado.yaml', line: 7 + index })),
  );
const links = async (...services: string[]) =>
  Object.fromEntries((await plan(...services)).links.map(({ path, target }) => [path, target]));

const lib = 'usr/lib/systemd/system';
const etc = 'etc/systemd/system';

test('WantedBy, RequiredBy, UpheldBy and Alias', async () => {
  await unit(
    `${lib}/app.service`,
    '[Install]\nWantedBy=multi-user.target\nRequiredBy=a.target\nUpheldBy=b.target\nAlias=other.service app.service\n',
  );
  expect(await links('app.service')).toEqual({
    [`${etc}/multi-user.target.wants/app.service`]: `/${lib}/app.service`,
    [`${etc}/a.target.requires/app.service`]: `/${lib}/app.service`,
    [`${etc}/b.target.upholds/app.service`]: `/${lib}/app.service`,
    [`${etc}/other.service`]: `/${lib}/app.service`,
  });
});

test('/etc goes before /usr/local, and that before /usr', async () => {
  await unit(`${lib}/app.service`, '');
  await unit('usr/local/lib/systemd/system/app.service', '[Install]\nWantedBy=local.target\n');
  expect(await links('app')).toEqual({
    [`${etc}/local.target.wants/app.service`]: '/usr/local/lib/systemd/system/app.service',
  });
  await unit(`${etc}/app.service`, '[Install]\nWantedBy=etc.target\n');
  expect(await links('app')).toEqual({ [`${etc}/etc.target.wants/app.service`]: `/${etc}/app.service` });
});

test('an instance of a template', async () => {
  await unit(`${lib}/serial-getty@.service`, '[Install]\nWantedBy=getty.target sys-%i.target peer@.target\n');
  expect(await links('serial-getty@ttyGS0.service')).toEqual({
    [`${etc}/getty.target.wants/serial-getty@ttyGS0.service`]: `/${lib}/serial-getty@.service`,
    [`${etc}/sys-ttyGS0.target.wants/serial-getty@ttyGS0.service`]: `/${lib}/serial-getty@.service`,
    [`${etc}/peer@ttyGS0.target.wants/serial-getty@ttyGS0.service`]: `/${lib}/serial-getty@.service`,
  });
});

test('a unit of its own goes before the template', async () => {
  await unit(`${lib}/a@.service`, '[Install]\nWantedBy=template.target\n');
  await unit(`${lib}/a@x.service`, '[Install]\nWantedBy=own.target\n');
  expect(await links('a@x.service')).toEqual({ [`${etc}/own.target.wants/a@x.service`]: `/${lib}/a@x.service` });
});

test('DefaultInstance', async () => {
  await unit(`${lib}/getty@.service`, '[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n');
  expect(Object.keys(await links('getty@.service'))).toEqual([`${etc}/getty.target.wants/getty@tty1.service`]);
});

test('Also is followed, without end or error', async () => {
  await unit(`${lib}/a.service`, '[Install]\nWantedBy=x.target\nAlso=b.socket gone.service\n');
  await unit(`${lib}/b.socket`, '[Install]\nWantedBy=sockets.target\nAlso=a.service\n');
  const { links, warnings } = await plan('a.service');
  expect(links.map(({ path }) => path)).toEqual([
    `${etc}/sockets.target.wants/b.socket`,
    `${etc}/x.target.wants/a.service`,
  ]);
  expect(warnings).toEqual([expect.stringContaining('gone.service')]);
});

test('a link to a unit is followed inside the sysroot', async () => {
  await unit(`${lib}/real.service`, '[Install]\nWantedBy=x.target\n');
  await symlink(`/${lib}/real.service`, join(sysroot, lib, 'abs.service'));
  await symlink('real.service', join(sysroot, lib, 'rel.service'));
  expect(Object.values(await links('abs.service', 'rel.service'))).toEqual([
    `/${lib}/real.service`,
    `/${lib}/real.service`,
  ]);
});

test('a name that the file may not decide is left out with a warning', async () => {
  await unit(`${lib}/a.service`, '[Install]\nWantedBy=x.target %b.target ../../evil.target\n');
  const { links, warnings } = await plan('a.service');
  expect(links.map(({ path }) => path)).toEqual([`${etc}/x.target.wants/a.service`]);
  expect(warnings).toHaveLength(2);
});

describe('errors', () => {
  const position = expect.objectContaining({ line: 8 });

  test('a missing unit: where it stands in the list, and where it was looked for', async () => {
    await unit(`${lib}/a.service`, '[Install]\nWantedBy=x.target\n');
    await expect(plan('a.service', 'gone@x.service')).rejects.toMatchObject({
      code: 'UNIT_MISSING',
      position,
      message: expect.stringMatching(
        /gone@x\.service \(or gone@\.service\).*\/etc\/systemd\/system, \/usr\/local\/lib\/systemd\/system, \/usr\/lib/,
      ),
    });
  });

  test('a unit without [Install]', async () => {
    await unit(`${lib}/a.service`, '');
    await expect(plan('a.service')).rejects.toMatchObject({
      code: 'UNIT_NOT_INSTALLABLE',
      message: expect.stringContaining(`/${lib}/a.service`),
    });
  });

  test('a masked unit, a link to nowhere, a loop', async () => {
    await unit(`${lib}/a.service`, '');
    await symlink('/dev/null', join(sysroot, lib, 'b.service'));
    await symlink('../../../../../../../../etc/hosts', join(sysroot, lib, 'c.service'));
    await symlink('d.service', join(sysroot, lib, 'd.service'));
    await expect(plan('b.service')).rejects.toMatchObject({ code: 'UNIT_MASKED' });
    await expect(plan('c.service')).rejects.toMatchObject({ code: 'UNIT_MISSING' });
    await expect(plan('d.service')).rejects.toMatchObject({ code: 'UNIT_MISSING' });
  });

  test('a template without an instance', async () => {
    await unit(`${lib}/a@.service`, '[Install]\nWantedBy=x.target\n');
    await expect(plan('a@.service')).rejects.toMatchObject({ code: 'UNIT_INSTANCE_MISSING' });
  });

  test.each(['../a.service', 'a b.service', '', 'a/b.service'])('%j is no name', async (name) => {
    await expect(plan(name)).rejects.toMatchObject({ code: 'UNIT_NAME_INVALID' });
  });
});
