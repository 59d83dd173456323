import { existsSync } from 'node:fs';
import type { Config } from 'jest';

/** A package of its own, with its own lock: known where it was built in the clone, else as little as anywhere. */
const readers = 'readers/dist/index.js';

/** Tests are TypeScript that names sources (`../../src/x.js`); what runs is the compiled code of `dist`, so workers and native modules are the real ones. */
const config: Config = {
  testEnvironment: 'node',
  roots: [
    '<rootDir>/sdk/test',
    '<rootDir>/node/test',
    '<rootDir>/cli/test',
    '<rootDir>/web-ui/test',
    '<rootDir>/examples',
  ],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    // Not those inside packages: only up to a workspace and down into its sources.
    '^((?:\\.\\./)+(?:(?:sdk|node|cli|web-ui)/)?)src/(.*)\\.js$': '$1dist/$2.js',
    ...(existsSync(readers) ? { '^@cosmicembeddings/readers$': `<rootDir>/${readers}` } : {}),
    // Its ESM build is not marked as such; Node finds out by itself, jest takes the CommonJS one.
    '^astronomy-engine$': '<rootDir>/node_modules/astronomy-engine/astronomy.js',
  },
  transform: {
    '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false, tsconfig: '<rootDir>/tsconfig.test.json' }],
  },
  testTimeout: 60_000,
  // A test that fails before it closes what it opened must not keep the whole run from ending.
  forceExit: true,
  // Modules of finished tests are never let go; in a worker of its own that is ended in time they do no harm.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1200MB',
  reporters: ['default', '<rootDir>/tools/jest/progress.mjs'],
};

export default config;
