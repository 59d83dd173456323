import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from '@jest/globals';
import { storeSuite } from '@cosmicembeddings/sdk/testing';
import { loadableEngines } from '../../../src/store/sqlite/driver.js';
import { openSqlite } from '../../../src/store/sqlite/index.js';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

for (const engine of loadableEngines())
  storeSuite(
    { describe, test },
    {
      name: engine,
      open: async () => {
        const folder = mkdtempSync(join(tmpdir(), 'cosmic-store-'));
        folders.push(folder);
        const opened = await openSqlite({ folder, network: 'dev', node: 'did:key:zTest', engine });
        // The suite closes the store alone; a node closes everything through `close`.
        return { store: { ...opened.store, close: () => opened.close() }, catalogue: opened.catalogue };
      },
    },
  );
