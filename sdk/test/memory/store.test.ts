import { describe, test } from '@jest/globals';
import { createMemoryCatalogue } from '../../src/memory/catalogue.js';
import { createMemoryStore } from '../../src/memory/store.js';
import { storeSuite } from '../../src/testing/store-suite.js';

storeSuite(
  { describe, test },
  {
    name: 'memory',
    open: async () => {
      const store = createMemoryStore({ decidedMax: 20 });
      return { store, catalogue: createMemoryCatalogue(store) };
    },
    decidedMax: 20,
  },
);
