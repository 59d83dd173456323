import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { indexSuite } from '@cosmicembeddings/sdk/testing';
import { chooseEngine } from '../../../src/index/vectors/choose-engine.js';
import { openSpaceRows } from './space-rows.ts';
import { testUnless } from '../../../../sdk/test/skipping.ts';

const root = mkdtempSync(join(tmpdir(), 'vectors-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

for (const name of ['usearch', 'hnswlib', 'exact'] as const) {
  const engine = await chooseEngine(name);
  if (engine.name !== name) testUnless(`vector index ${name}: ${engine.note}`)(`vector index ${name}`, () => undefined);
  else
    indexSuite(
      { describe, test },
      // So few rows would be scanned: a graph from 64 rows on makes the engines work.
      {
        name,
        ...(name === 'exact' ? {} : { recall: 0.95 }),
        open: async (space, place) => openSpaceRows(space, { folder: join(root, place), engine, graphMin: 64 }),
      },
    );
}
