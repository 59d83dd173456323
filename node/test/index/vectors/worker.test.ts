import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  cidOf,
  corePlugins,
  createRegistry,
  DAG_CBOR,
  encode,
  packRows,
  sha256,
  writeEnvelope,
  type Arrival,
  type SpaceDescriptor,
  type Value,
} from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { openSqlite } from '../../../src/store/sqlite/index.js';
import {
  lateVectors,
  openVectors,
  type VectorFollower,
  type VectorsOptions,
} from '../../../src/index/vectors/index.js';
import { someRows, spaceNamed } from './ledger.ts';

const registry = createRegistry(corePlugins);
const space = spaceNamed('test/worker');
const id = spaceIdOf(space);

let folder: string;
let sqlite: Awaited<ReturnType<typeof openSqlite>>;
let vectors: VectorFollower | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vectors-worker-'));
  sqlite = await openSqlite({
    folder,
    registry,
    network: 'dev',
    plugins: [],
    node: 'did:key:test',
  } as unknown as Parameters<typeof openSqlite>[0]);
});
afterEach(async () => {
  await vectors?.close();
  vectors = undefined;
  await sqlite.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(options: Partial<VectorsOptions> = {}): Promise<VectorFollower> {
  vectors = await openVectors({
    folder: join(folder, 'index'),
    engine: 'auto',
    reader: { folder, engine: sqlite.engine },
    rules: { graphMin: 200 },
    ...options,
  });
  return vectors;
}

let made = 0;
/** A block as the door hands it over; nobody behind the door looks at signatures. */
function arrival(rows: Float32Array[], of: SpaceDescriptor = space): Arrival {
  const body = encode({
    salt: new Uint8Array(16),
    tags: [],
    linked_blocks: [],
    space: of as unknown as Value,
    embedding: packRows(rows, 'f32') as unknown as Value,
    input_type: 'text',
    input_reference: rows.map((_, row) => ({ hash: new Uint8Array(32), origin: `row ${row}` })),
  });
  const header = encode({ kind: 'embedding/1', n: ++made });
  const digest = sha256(header);
  const timeMs = 1_700_000_000_000 + made;
  const entry = {
    author: 'did:key:a',
    kind: 'embedding/1',
    timeMs,
    tags: [],
    links: [],
    refs: [],
    space: spaceIdOf(of),
    rows: rows.length,
  };
  return {
    block: {
      status: 'checked',
      id: cidOf(DAG_CBOR, digest).text,
      digest,
      format: 'native/2',
      timeMs,
      entry,
      envelope: writeEnvelope(header, new Uint8Array(64)),
      body,
      headerOnly: false,
    },
    firstSeenMs: timeMs,
  };
}

describe('index worker', () => {
  test('a late one says how far it was, starts with the first question and answers it; one that cannot start says why', async () => {
    const rows = someRows(3, 1);
    const [put] = await sqlite.store.put([arrival(rows)]);
    const options = {
      folder: join(folder, 'index'),
      engine: 'auto' as const,
      reader: { folder, engine: sqlite.engine },
    };
    const from = { epoch: (await sqlite.store.head()).epoch, seq: 0 };
    const late = lateVectors({ ...options, from });
    vectors = late;
    expect(late.position()).toEqual(from);
    expect((await late.search(id, rows[1]!, 1)).hits).toMatchObject([{ label: 1 }]);
    expect(late.position().seq).toBe(put!.seq);
    await late.close();
    const asked = lateVectors(options);
    vectors = asked;
    expect((await asked.status()).spaces[id]?.rows).toBe(3);
    await asked.close();
    const waited = lateVectors(options);
    vectors = waited;
    await waited.waitFor(put!.seq);
    await waited.close();
    const broken = lateVectors({ ...options, readerModule: 'file:///nowhere/at/all.js' });
    vectors = broken;
    await expect(broken.search(id, rows[1]!, 1)).rejects.toMatchObject({ code: 'node.internal' });
    await expect(broken.waitFor(put!.seq)).rejects.toMatchObject({ code: 'node.internal' });
    await expect(broken.status()).rejects.toMatchObject({ code: 'node.internal' });
    expect(broken.notes()[0]).toMatch('out of order');
  });

  test('a late one that was never asked is closed without having started', async () => {
    const late = lateVectors({
      folder: join(folder, 'index'),
      engine: 'auto',
      reader: { folder, engine: sqlite.engine },
    });
    await late.close();
    await expect(late.search(id, someRows(1, 1)[0]!, 1)).rejects.toMatchObject({ code: 'node.stopping' });
    expect(existsSync(join(folder, 'index'))).toBe(false);
  });

  test('a search sent right after the store’s answer finds the block, with no hint from anybody', async () => {
    const index = await open();
    for (let i = 0; i < 20; i++) {
      const rows = someRows(3, i + 1);
      const [put] = await sqlite.store.put([arrival(rows)]);
      const answer = await index.search(id, rows[2]!, 1);
      expect(answer.hits).toMatchObject([{ label: 3 * i + 2 }]);
      expect(answer.indexedTo.seq).toBe(put!.seq);
    }
  });

  test('many searches at once are answered each with its own', async () => {
    const rows = someRows(500, 1);
    await sqlite.store.put([arrival(rows)]);
    const index = await open({ guard: false });
    await index.waitFor(1);
    const answers = await Promise.all(rows.map((row, label) => index.search(id, row, label % 2 === 0 ? 1 : 2)));
    answers.forEach(({ hits }, label) => {
      expect(hits[0]!.label).toBe(label);
      expect(hits).toHaveLength(label % 2 === 0 ? 1 : 2);
    });
    await expect(index.search(id, new Float32Array(3), 1)).rejects.toMatchObject({ code: 'space.dims_mismatch' });
  });

  test('waitFor resolves when the rows can be found, and gives up with its signal', async () => {
    const index = await open();
    const [put] = await sqlite.store.put([arrival(someRows(2, 1))]);
    await index.waitFor(put!.seq);
    expect(index.position().seq).toBe(put!.seq);
    const stop = new AbortController();
    const waiting = index.waitFor(put!.seq + 1, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  test('erased in the store, gone from answers', async () => {
    const rows = someRows(4, 1);
    const one = arrival(rows.slice(0, 2));
    await sqlite.store.put([one, arrival(rows.slice(2))]);
    const index = await open();
    expect((await index.search(id, rows[0]!, 10)).hits).toHaveLength(4);
    await sqlite.store.erase([one.block.id], 'takedown');
    expect((await index.search(id, rows[0]!, 10)).hits.map((hit) => hit.label).sort()).toEqual([2, 3]);
  });

  test('a new process goes on where the last one stopped', async () => {
    await sqlite.store.put([arrival(someRows(300, 1))]);
    const first = await open();
    while (((await first.status()).spaces[id]?.tail ?? 1) > 0);
    await first.close();
    expect(readdirSync(join(folder, 'index', id)).sort()[0]).toMatch(first.engine === 'exact' ? /rows/ : /^graph-/);
    await sqlite.store.put([arrival(someRows(5, 2))]);
    const second = await open();
    expect(second.position().seq).toBeGreaterThanOrEqual(1);
    expect((await second.search(id, someRows(5, 2)[4]!, 400)).hits[0]).toMatchObject({ label: 304 });
  });

  test('a worker that dies is started again; the search that waited is answered', async () => {
    await sqlite.store.put([arrival(someRows(10, 1))]);
    const trap = join(folder, 'trap');
    // A reader that ends its worker once, in the middle of a search.
    const module = join(folder, 'reader.mjs');
    writeFileSync(
      module,
      `import { existsSync, rmSync } from 'node:fs';
       import { openSqliteReader } from ${JSON.stringify(new URL('../../../dist/store/sqlite/index.js', import.meta.url).href)};
       export async function openReader({ reader }) {
         const store = openSqliteReader(reader);
         return {
           head: () => store.head(),
           tail: (cursor, max) => {
             if (existsSync(${JSON.stringify(trap)})) { rmSync(${JSON.stringify(trap)}); process.exit(3); }
             return store.tail(cursor, max);
           },
           close: () => store.close(),
         };
       }`,
    );
    const index = await open({ readerModule: module });
    expect((await index.search(id, someRows(10, 1)[3]!, 1)).hits).toMatchObject([{ label: 3 }]);
    writeFileSync(trap, '');
    // A head that the index has not read: the search reads up to it first, and meets the trap.
    await sqlite.store.put([arrival(someRows(10, 2))]);
    index.notify(await sqlite.store.head());
    expect((await index.search(id, someRows(10, 2)[4]!, 1)).hits).toMatchObject([{ label: 14 }]);
    expect((await index.status()).position.seq).toBe(2);
  });

  test('an engine that is not there: exact search, and a note that says so', async () => {
    const index = await open({ engine: 'exact' });
    expect(index.engine).toBe('exact');
    const rows = someRows(300, 1);
    await sqlite.store.put([arrival(rows)]);
    const answer = await index.search(id, rows[7]!, 1);
    expect(answer).toMatchObject({ exact: true, hits: [{ label: 7 }] });
  });

  test('closing answers what was asked before, and refuses what comes after', async () => {
    await sqlite.store.put([arrival(someRows(10, 1))]);
    const index = await open();
    const asked = index.search(id, someRows(10, 1)[3]!, 1);
    await index.close();
    expect((await asked).hits).toHaveLength(1);
    await expect(index.search(id, someRows(10, 1)[3]!, 1)).rejects.toMatchObject({ code: 'node.stopping' });
  });
});
