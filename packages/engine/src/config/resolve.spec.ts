import { resolveBoard, resolveMachine, resolveRuntime } from '.';

test('machine: asked for, AVOCADO_TARGET, default_target', () => {
  const env = { AVOCADO_TARGET: 'b' };
  expect(resolveMachine({ machine: 'a', env, default_target: 'c' })).toBe('a');
  expect(resolveMachine({ env, default_target: 'c' })).toBe('b');
  expect(resolveMachine({ env: { AVOCADO_TARGET: '' }, default_target: 'c' })).toBe('c');
  expect(() => resolveMachine({ env: {} })).toThrow('No target architecture specified.');
  expect(() => resolveMachine({ env, supported_targets: ['x'] })).toThrow(
    "Target 'b' is not supported by this configuration. Supported targets: x",
  );
});

test('board: asked for, AVOCADO_TARGET_BOARD, runtime, default, target', () => {
  const all = {
    env: { AVOCADO_TARGET_BOARD: 'b' },
    runtime: { target_board: 'c' },
    default_target_board: 'd',
    machine: 'e',
  };
  expect(resolveBoard({ board: 'a', ...all })).toBe('a');
  expect(resolveBoard(all)).toBe('b');
  expect(resolveBoard({ ...all, env: {} })).toBe('c');
  expect(resolveBoard({ ...all, env: {}, runtime: {} })).toBe('d');
  expect(resolveBoard({ env: {}, machine: 'e' })).toBe('e');
});

test('runtime: asked for, AVOCADO_RUNTIME, default_runtime, the only one', () => {
  const runtime = {} as Parameters<typeof resolveRuntime>[0]['runtimes'][string];
  const two = { runtimes: { a: runtime, b: runtime } };
  const env = { AVOCADO_RUNTIME: 'b' };
  expect(resolveRuntime(two, { runtime: 'a', env })).toBe('a');
  expect(resolveRuntime(two, { env })).toBe('b');
  expect(resolveRuntime({ ...two, default_runtime: 'b' }, { env: {} })).toBe('b');
  expect(resolveRuntime({ runtimes: { a: runtime }, default_runtime: 'elsewhere' }, { env: {} })).toBe('a');
  expect(() => resolveRuntime(two, { env: {} })).toThrow(
    'Multiple runtimes defined (a, b); specify one with --runtime',
  );
  expect(() => resolveRuntime(two, { runtime: 'c', env: {} })).toThrow("Runtime 'c' is not defined for this target.");
  expect(() => resolveRuntime({ runtimes: {} }, { env: {} })).toThrow('No runtime is defined for this target.');
});
