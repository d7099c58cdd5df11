import { loadConfig, type LoadOptions } from '.';

/** What a summary becomes, or the problems. */
function expand(summary: string, rest = '', options: LoadOptions = {}): string | undefined | string[] {
  const text = `extensions:\n  app:\n    version: 1.2.3\n    summary: ${summary}\n${rest}`;
  const result = loadConfig('avocado.yaml', { machine: 'qemux86-64', text, ...options });
  if (result.config) return result.config.extensions.app?.summary;
  return result.errors.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);
}

function warnings(text: string, options: LoadOptions = {}): string[] {
  const result = loadConfig('avocado.yaml', { machine: 'qemux86-64', text, ...options });
  return (result.config?.warnings ?? []).map(
    ({ line, column, code, message }) => `${line}:${column} ${code} ${message}`,
  );
}

const DISTRO = 'distro: {release: 2024, channel: edge}\n';

test.each([
  ['"{{ avocado.target }}"', 'qemux86-64'],
  ['"{{avocado.target.board}}"', 'b'],
  ['"a {{ avocado.target }} b {{ avocado.target }}"', 'a qemux86-64 b qemux86-64'],
  ['"{{ avocado.distro.release }}-{{ avocado.distro.version }}-{{ avocado.distro.channel }}"', '2024-2024-edge'],
  ['"{{ config.distro.release }}"', '2024'],
  ['"{{ config.extensions.app.version }}"', '1.2.3'],
  ['"{{ avocado.extensions.app.version }}"', '1.2.3'],
  ['"{{ env.NAME }}!"', 'value!'],
  ['"{{ env.INDIRECT }}"', 'value'],
  ['"{{ avocado.runtime }}"', 'dev'],
  ['"{{ config.sdk.packages.gstreamer1.0 }}"', '9'],
  ['"{{ config.extensions.x-qemux86-64.version }}"', '3.0.0'],
  ['"{ { env.NAME } } {{}"', '{ { env.NAME } } {{}'],
  ["'{{ avocado.target }}'", 'qemux86-64'],
])('%s', (summary, expected) => {
  const rest = `
  x-{{ avocado.target }}: {version: 3.0.0}
${DISTRO}
runtimes: {dev: {}}
sdk: {packages: {gstreamer1.0: "9"}}
`;
  expect(expand(summary, rest, { board: 'b', env: { NAME: 'value', INDIRECT: '{{ env.NAME }}' } })).toBe(expected);
});

test('references of references', () => {
  const rest = `${DISTRO}runtimes: {dev: {container_dev: {a: ">{{ config.runtimes.dev.container_dev.b }}<", b: "{{ avocado.distro.release }}"}}}\n`;
  expect(expand('"{{ config.runtimes.dev.container_dev.a }}"', rest)).toBe('>2024<');
});

test('without quotes YAML takes it for a map', () => {
  expect(expand('{{ avocado.target }}')).toEqual(['4:15 CONFIG_SYNTAX a key must be plain text']);
});

test.each([
  ['"{{ config.nope.x }}"', "4:15 CONFIG_INTERPOLATION Config path 'config.nope.x' not found"],
  ['"ab {{ config.extensions }}"', "4:18 CONFIG_INTERPOLATION 'config.extensions' is a map, not a single value"],
  ['"{{ foo.bar }}"', "4:15 CONFIG_INTERPOLATION '{{ foo.bar }}' is no reference"],
  ['"{{ .Names }}"', "4:15 CONFIG_INTERPOLATION '{{ .Names }}' is no reference"],
  ['"{{ }}"', "4:15 CONFIG_INTERPOLATION '{{  }}' is no reference"],
  ['"{{ avocado.tarjet }}"', "4:15 CONFIG_INTERPOLATION 'avocado.tarjet' does not exist"],
  [
    '"{{ config.extensions.app.summary }}"',
    '4:15 CONFIG_INTERPOLATION_CYCLE {{ }} refers to itself: config.extensions.app.summary -> config.extensions.app.summary',
  ],
  ['"{{ env.LOOP }}"', '4:15 CONFIG_INTERPOLATION_CYCLE {{ }} refers to itself: env.LOOP -> env.LOOP'],
])('%s is refused', (summary, expected) => {
  expect(expand(summary, '', { env: { LOOP: 'x{{ env.LOOP }}' } })).toEqual([expected]);
});

test('keys', () => {
  const text = `
extensions:
  bsp-{{ avocado.target }}: {version: 1.0.0}
runtimes: {dev: {extensions: ["bsp-{{ avocado.target.board }}"]}}
`;
  const { config } = loadConfig('avocado.yaml', { machine: 'qemuarm64', text });
  expect(Object.keys(config?.extensions ?? {})).toEqual(['bsp-qemuarm64']);
  const twice = text.replace('runtimes', '  bsp-qemuarm64: {version: 1.0.0}\nruntimes');
  expect(loadConfig('avocado.yaml', { machine: 'qemux86-64', text: twice }).errors).toBeUndefined();
  expect(loadConfig('avocado.yaml', { machine: 'qemuarm64', text: twice }).errors).toMatchObject([
    {
      code: 'CONFIG_DUPLICATE_KEY',
      line: 4,
      message: "'bsp-qemuarm64' stands for 'bsp-qemuarm64', which line 3 has already",
    },
  ]);
});

test('what is not known stays, with a warning', () => {
  const text = 'sdk: {image: "a-{{ avocado.runtime }}-{{ env.NONE }}-{{ avocado.extensions.x.version }}"}\n';
  const { config } = loadConfig('avocado.yaml', { machine: 'm', text });
  expect(config?.sdk.image).toBe('a-{{ avocado.runtime }}--{{ avocado.extensions.x.version }}');
  expect(warnings(text)).toEqual([
    "1:17 CONFIG_UNRESOLVED 'avocado.runtime' is not known here; the text stays as it is written",
    '1:39 CONFIG_ENV_UNSET the environment variable NONE is not set; it counts as empty',
    "1:54 CONFIG_UNRESOLVED 'avocado.extensions.x.version' is not known here; the text stays as it is written",
  ]);
});

test('a kernel version may be unknown in package names, silently', () => {
  const text = "sdk: {packages: {'k-{{ avocado.kernel.version }}': '*'}}\n";
  expect(warnings(text)).toEqual([]);
  const { config } = loadConfig('avocado.yaml', { machine: 'm', text, kernelVersion: '6.6' });
  expect(Object.keys(config?.sdk.packages ?? {})).toEqual(['k-6.6']);
});

test("an extension's name must be known", () => {
  const text = 'extensions:\n  "a-{{ avocado.runtime }}": {version: 1.0.0}\n';
  const { errors } = loadConfig('avocado.yaml', { machine: 'm', text });
  expect(errors).toMatchObject([{ code: 'CONFIG_UNRESOLVED', line: 2, column: 3 }]);
});

test('the variables that were asked for are listed', () => {
  const text = 'sdk: {image: "{{ env.A }}{{ env.B }}"}\n';
  const { reads } = loadConfig('avocado.yaml', { machine: 'm', text, env: { A: '1' } });
  expect(reads.env).toEqual(expect.arrayContaining(['A', 'B', 'AVOCADO_TARGET_BOARD']));
});
