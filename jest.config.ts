/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/** Tests are TypeScript that names sources (`../../src/x.js`); what runs is the compiled code of `dist`, so workers and native modules are the real ones. */
const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/sdk/test', '<rootDir>/node/test', '<rootDir>/cli/test', '<rootDir>/web-ui/test', '<rootDir>/examples'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)/src/(.*)\\.js$': '$1/dist/$2.js' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testTimeout: 20_000,
};

export default config;
