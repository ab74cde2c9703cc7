/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/**
 * Three projects by cost: `unit` (no I/O, fake clock), `integration` (a real redis-server, real sockets),
 * `e2e` (whole clusters as processes, from the built packages).
 */
const shared: Config = {
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript', decorators: false }, target: 'es2022' },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Tests run the sources, so that a test never sees a stale build. e2e starts the built programs.
  moduleNameMapper: { '^@waiter/([a-z-]+)$': '<rootDir>/packages/$1/src' },
  modulePathIgnorePatterns: ['/dist/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
};

const config: Config = {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/packages/*/src/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/', '\\.(int|e2e)\\.test\\.ts$'],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/packages/*/src/**/*.int.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/', '/packages/e2e/'],
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/packages/e2e/src/**/*.e2e.test.ts'],
    },
  ],
  testTimeout: 30_000,
};

export default config;
