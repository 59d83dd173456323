// A store's tail that is made up as it is read: `rows` rows in blocks of `rowsPerBlock`, as real block bodies.
import { encode, packRows, writeEnvelope } from '../../sdk/dist/index.js';
import { spaceIdOf } from '../../sdk/dist/space/index.js';
import { testSpace } from '../../sdk/dist/testing/index.js';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clustered } from './rows.mjs';

export const space = testSpace('bench', 384);
const id = spaceIdOf(space);
const envelope = writeEnvelope(encode({ kind: 'embedding/1' }), new Uint8Array(64));
const reference = { hash: new Uint8Array(32), origin: 'bench' };

export function blockOf(seq, rowsPerBlock, next) {
  const rows = Array.from({ length: rowsPerBlock }, next);
  const body = encode({
    salt: new Uint8Array(16),
    tags: [],
    linked_blocks: [],
    space,
    embedding: packRows(rows, 'f32'),
    input_type: 'text',
    input_reference: rows.map(() => reference),
  });
  const entry = {
    author: `did:${seq % 50}`,
    kind: 'embedding/1',
    timeMs: 0,
    tags: [],
    links: [],
    refs: [],
    space: id,
    rows: rowsPerBlock,
  };
  return {
    seq,
    type: 'put',
    block: {
      id: `b${seq}`,
      seq,
      format: 'native/2',
      timeMs: 0,
      firstSeenMs: 0,
      envelope,
      body,
      entry,
      firstLabel: (seq - 1) * rowsPerBlock,
    },
  };
}

/** `reader.engine` carries the numbers: `<blocks>x<rowsPerBlock>`; a file `more` in the folder says how many blocks there are by now. */
export async function openReader({ reader }) {
  const [blocks, rowsPerBlock] = reader.engine.split('x').map(Number);
  const next = clustered({ seed: 1 });
  const made = new Map();
  let last = 0;
  const count = () =>
    existsSync(join(reader.folder, 'more')) ? Number(readFileSync(join(reader.folder, 'more'), 'utf8')) : blocks;
  return {
    head: () => ({ epoch: 'bench', seq: count(), count: count(), labels: count() * rowsPerBlock }),
    tail: ({ epoch, seq }, max) => {
      const from = epoch === 'bench' ? seq : 0;
      const items = [];
      for (let at = from + 1; at <= Math.min(count(), from + max); at++) {
        for (; last < at; last++) made.set(last + 1, blockOf(last + 1, rowsPerBlock, next));
        items.push(made.get(at));
      }
      for (const key of made.keys()) if (key <= from) made.delete(key);
      return items;
    },
    close: () => undefined,
  };
}
