const swc = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'commonjs' },
};
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: {
    '^@nx-avocado/engine/(.*)$': '<rootDir>/packages/engine/src/$1/index.ts',
    '^nx-avocado/testing$': '<rootDir>/packages/nx-avocado/src/testing/index.ts',
    '^nx-avocado$': '<rootDir>/packages/nx-avocado/src/index.ts',
  },
  // Below the workspace only: a clone may itself be below a folder of such a name.
  modulePathIgnorePatterns: ['<rootDir>/(tmp|\\.nx|packages/[^/]+/dist|examples/[^/]+/\\.avocado)/'],
};

/** `unit` beside the sources, `e2e` with the real tools. */
module.exports = {
  // A hook or a test that says nothing else: not a measure of speed, only an end for what hangs.
  testTimeout: 60_000,
  projects: [
    { ...common, displayName: 'unit', rootDir: __dirname, testMatch: ['<rootDir>/packages/*/src/**/*.spec.ts'] },
    { ...common, displayName: 'e2e', rootDir: __dirname, testMatch: ['<rootDir>/e2e/**/*.spec.ts'] },
  ],
};
