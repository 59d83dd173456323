import { describe, test } from '@jest/globals';
import { createMemoryKeyed } from '../../src/memory/index.js';
import { keyedSuite } from '../../src/testing/index.js';

keyedSuite(
  { describe, test },
  { name: 'memory', open: () => ({ store: createMemoryKeyed(), close: () => undefined }) },
);
