import { createHash } from 'node:crypto';
import { AvocadoError } from '../../error';
import { isApart } from './connect';
import type { DaemonInfo } from './connect';
import { endpointAddress, findEndpoint, parseEndpoint } from './endpoint';
import type { Endpoint } from './endpoint';
import { dockerFailure } from './failure';
import { containerInputs, planContainer, runArguments } from './plan';
import type { ContainerPlan } from './plan';
import { sshArguments } from './ssh-agent';

/** A machine with these variables and files. */
const find = (
  env: NodeJS.ProcessEnv,
  files: Record<string, string> = {},
  platform: NodeJS.Platform = 'linux',
): Endpoint =>
  findEndpoint({
    ...{ env, home: '/home/me', platform },
    exists: (path) => path in files,
    read: (path) => files[path],
  });
const id = createHash('sha256').update('board').digest('hex');
const context = {
  '/home/me/.docker/config.json': '{"currentContext":"board"}',
  [`/home/me/.docker/contexts/meta/${id}/meta.json`]: '{"Endpoints":{"docker":{"Host":"tcp://board:2376"}}}',
  [`/home/me/.docker/contexts/tls/${id}/docker/ca.pem`]: '',
};

test.each<[string, NodeJS.ProcessEnv, Record<string, string>, string]>([
  ['DOCKER_HOST', { DOCKER_HOST: 'unix:///a.sock', DOCKER_CONTEXT: 'board' }, context, 'unix:///a.sock'],
  ['DOCKER_HOST without a protocol', { DOCKER_HOST: '10.0.0.1' }, {}, 'tcp://10.0.0.1:2375'],
  ['DOCKER_HOST with certificates', { DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1' }, {}, 'tcp://h:2376'],
  ['ssh', { DOCKER_HOST: 'ssh://me@board:2222/run/d.sock' }, {}, 'ssh://me@board:2222/run/d.sock'],
  ['the current context', {}, context, 'tcp://board:2376'],
  ['the default context by name', { DOCKER_CONTEXT: 'default' }, context, 'unix:///var/run/docker.sock'],
  ['a damaged configuration', {}, { '/home/me/.docker/config.json': '{' }, 'unix:///var/run/docker.sock'],
  [
    'a rootless Docker',
    { XDG_RUNTIME_DIR: '/run/user/1' },
    { '/run/user/1/docker.sock': '' },
    'unix:///run/user/1/docker.sock',
  ],
  ['Docker Desktop', {}, { '/home/me/.docker/run/docker.sock': '' }, 'unix:///home/me/.docker/run/docker.sock'],
  ['Podman', {}, { '/run/podman/podman.sock': '' }, 'unix:///run/podman/podman.sock'],
])('the daemon is found by %s', (_name, env, files, expected) => {
  expect(endpointAddress(find(env, files))).toBe(expected);
});

test('certificates of a context are its own', () => {
  expect(find({}, context)).toMatchObject({
    tls: { ca: expect.stringContaining(`tls/${id}/docker/ca.pem`) },
    from: 'context board',
  });
});

test.each([
  [{ DOCKER_HOST: 'ftp://x' }, 'DOCKER_HOST_INVALID'],
  [{ DOCKER_HOST: 'ssh://' }, 'DOCKER_HOST_INVALID'],
  [{ DOCKER_CONTEXT: 'gone' }, 'DOCKER_CONTEXT_MISSING'],
])('%j is refused', (env, code) => {
  expect(() => find(env)).toThrow(expect.objectContaining({ code }));
});

test('on Windows it is a pipe', () => {
  expect(find({}, {}, 'win32')).toMatchObject({ kind: 'socket', path: '//./pipe/docker_engine' });
});

test('a destination of ssh is no option', () => {
  const endpoint = parseEndpoint('ssh://-oProxyCommand=x@host', 'DOCKER_HOST');
  const args = sshArguments(endpoint as Extract<Endpoint, { kind: 'ssh' }>);
  expect(args.slice(args.indexOf('--'))).toEqual(['--', '-oProxyCommand=x@host', 'docker', 'system', 'dial-stdio']);
});

test.each<[string, DaemonInfo, string, NodeJS.Platform, boolean]>([
  ['Docker, which is asked', {}, 'tcp://h', 'linux', false],
  ['Docker Desktop', { OperatingSystem: 'Docker Desktop' }, 'unix:///d.sock', 'linux', true],
  ['Podman here', { BuildahVersion: '1.28.2' }, 'unix:///d.sock', 'linux', false],
  ['Podman elsewhere', { BuildahVersion: '1.28.2' }, 'ssh://h', 'linux', true],
  ["Podman's machine", { BuildahVersion: '1.28.2' }, 'unix:///d.sock', 'darwin', true],
])('files of %s', (_name, info, address, platform, apart) => {
  expect(isApart(info, parseEndpoint(address, 'DOCKER_HOST'), platform)).toBe(apart);
});

const socket = { kind: 'socket', path: '/d.sock', from: 'DOCKER_HOST' } as const;
test.each<[Partial<Error & { code: string; json: object }>, string, string]>([
  [{ code: 'EACCES' }, 'DOCKER_PERMISSION_DENIED', 'usermod -aG docker'],
  [{ code: 'ENOENT' }, 'DOCKER_UNREACHABLE', 'systemctl start docker'],
  [{ code: 'ECONNREFUSED' }, 'DOCKER_UNREACHABLE', 'DOCKER_HOST'],
  [{ json: { message: 'write /x: no space left on device' } }, 'DISK_FULL', 'docker system prune'],
  [{ json: { message: 'no matching manifest for linux/arm64' } }, 'DOCKER_PLATFORM', 'architecture'],
  [{ json: { message: 'exec /bin/bash: exec format error' } }, 'DOCKER_PLATFORM', 'emulation'],
  [
    { json: { message: 'Bind for 127.0.0.1:2222 failed: port is already allocated' } },
    'DOCKER_PORT_IN_USE',
    'another port',
  ],
  [{ json: { message: 'bind source path does not exist: /x' } }, 'DOCKER_FILES_UNSEEN', 'container_args'],
  [{ json: { message: 'pull access denied for x' } }, 'DOCKER_REGISTRY_DENIED', 'docker login'],
  [{ json: { message: 'something else' } }, 'DOCKER_FAILED', 'docker info'],
])('%j is told in our terms', (error, code, hint) => {
  const told = dockerFailure(Object.assign(new Error('x'), error), socket, 'start a container');
  expect(told).toBeInstanceOf(AvocadoError);
  expect(told).toMatchObject({ code, hint: expect.stringContaining(hint) });
});

describe('a container', () => {
  const plan: ContainerPlan = {
    root: { image: 'sha256:1', mounts: [{ source: '/r/usr', target: '/usr' }] },
    ...{
      mounts: [{ source: '/h/b', target: '/b', writable: true }],
      network: false,
      devices: [],
      argv: ['make', '-j2'],
    },
    stdio: 'stdin',
  };
  test('has by default a read-only root, four capabilities, no network, no device', () => {
    const { HostConfig: host, Entrypoint, Env } = planContainer(plan);
    expect(host).toMatchObject({
      ...{ ReadonlyRootfs: true, Privileged: false, CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'] },
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'],
      ...{ NetworkMode: 'none', Devices: [], PortBindings: {} },
      Mounts: [
        { Type: 'bind', Source: '/r/usr', Target: '/usr', ReadOnly: true },
        { Type: 'bind', Source: '/h/b', Target: '/b', ReadOnly: false },
      ],
    });
    expect(Entrypoint).toEqual(['make', '-j2']);
    expect(Env).toContain('TZ=UTC');
  });
  test('has a network, a device and a port of this machine alone where they are asked for', () => {
    const { HostConfig: host } = planContainer({ ...plan, network: true, devices: ['/dev/kvm'], ports: [2222] });
    expect(host).toMatchObject({
      NetworkMode: 'bridge',
      Devices: [{ PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rw' }],
      PortBindings: { '2222/tcp': [{ HostIp: '127.0.0.1', HostPort: '2222' }] },
    });
  });
  test('gets what container_args ask for, and no more', () => {
    const containerArgs = ['--privileged', '--network=host', '-v', '/dev:/dev', '--device', '/dev/sda', '-e', 'A=b'];
    expect(planContainer({ ...plan, containerArgs, devices: ['/dev/kvm'] })).toMatchObject({
      Env: expect.arrayContaining(['A=b']),
      HostConfig: {
        ...{ Privileged: true, NetworkMode: 'host', Binds: ['/dev:/dev'], CapDrop: ['ALL'] },
        Devices: [{ PathOnHost: '/dev/kvm' }, { PathOnHost: '/dev/sda', PathInContainer: '/dev/sda' }],
      },
    });
    for (const unknown of [['--rm'], ['-v'], ['--privileged=yes'], ['word']]) {
      expect(() => planContainer({ ...plan, containerArgs: unknown })).toThrow(
        expect.objectContaining({ code: 'CONTAINER_ARGS_UNSUPPORTED', hint: expect.stringContaining('--volume') }),
      );
    }
  });
  test('ends with our connection, and leaves nothing', () => {
    expect(planContainer(plan)).toMatchObject({ OpenStdin: true, StdinOnce: true, HostConfig: { AutoRemove: true } });
  });
  test('is run again by docker run, with no value of the environment among the arguments', () => {
    expect(runArguments({ ...plan, stdio: 'pipe' }, { TOKEN: 'secret' }).join(' ')).toMatch(
      /^run --rm .* --mount=type=bind,source=\/r\/usr,target=\/usr,readonly --mount=type=bind,source=\/h\/b,target=\/b --env=TOKEN --workdir=\/ --entrypoint=make sha256:1 -j2$/,
    );
  });
  test('has names from its engine, and the certificates of the host', () => {
    const network = {
      mounts: [
        { source: '/etc/hosts', target: '/etc/hosts' },
        { source: '/ca.pem', target: '/etc/ssl/certs/ca-certificates.crt' },
      ],
      env: { https_proxy: 'p' },
    };
    const command = { root: { digest: 'd', path: '/r' }, argv: ['true'], label: 'a test' };
    expect(containerInputs({ ...command, network: true, env: { A: 'b' } }, network)).toEqual({
      mounts: [{ source: '/ca.pem', target: '/etc/ssl/certs/ca-certificates.crt' }],
      env: { https_proxy: 'p', A: 'b' },
    });
    expect(containerInputs(command, network)).toEqual({ mounts: [], env: {} });
  });
});
