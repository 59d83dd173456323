import { describe, test } from '@jest/globals';
import { memoryVectors, type VectorMemory } from '../../src/memory/vectors.js';
import { indexSuite } from '../../src/testing/index-suite.js';

const places = new Map<string, VectorMemory>();

indexSuite(
  { describe, test },
  {
    name: 'memory',
    open: async (space, place) => {
      const memory = places.get(place) ?? {};
      places.set(place, memory);
      return memoryVectors(space, memory);
    },
  },
);
