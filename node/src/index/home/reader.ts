import { setImmediate as immediate } from 'node:timers/promises';
import {
  contentOf,
  createRegistry,
  spaceIdOf,
  type Cursor,
  type StoredBlock,
  type Tail,
  type TailItem,
} from '@cosmicembeddings/sdk';
import { createEmbedder } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { loadPlugins } from '../../plugins.js';
import { openSqliteReader } from '../../store/sqlite/index.js';
import type { ComputedBlock } from '../vectors/brought.js';
import type { WorkerSetup } from '../vectors/messages.js';
import type { IndexReader } from '../vectors/worker.js';
import type { HomeReading } from './index.js';
import { createTexts, type Texts } from './texts.js';

/** The store's tail with rows made of texts; for the worker of an index of vectors. */
export async function openReader(setup: WorkerSetup): Promise<IndexReader> {
  const { configs } = setup.readerOptions as HomeReading;
  const embedders = await Promise.all(configs.map((config) => createEmbedder(config, nodeEmbedderHost)));
  const registry = createRegistry(await loadPlugins(setup.plugins));
  const store = openSqliteReader({ folder: setup.reader.folder, engine: setup.reader.engine as never });
  const homes = embedders.map((embedder) => ({ id: spaceIdOf(embedder.space), texts: createTexts(embedder) }));
  return {
    head: () => store.head(),
    tail: async (cursor, max) => {
      const passages = (block: StoredBlock): readonly (string | undefined)[] =>
        contentOf(block, registry).passages.map((passage) => passage?.text);
      // What brings nothing is passed as a store passes what is not wanted; in between others have their turn.
      for (let from = cursor; ; await immediate()) {
        const tail = await tailWith(store, homes, passages, from, max);
        const stands = tail.upTo.epoch === from.epoch && tail.upTo.seq === from.seq;
        if (tail.items.length > 0 || stands || tail.upTo.epoch !== cursor.epoch) return tail;
        from = tail.upTo;
      }
    },
    close: () => store.close(),
  };
}

interface Homes {
  readonly id: string;
  readonly texts: Texts;
}

/** Time that one batch is meant to take: whoever searches waits for the one under way. */
const BATCH_MS = 10;

/**
 * Of what follows `cursor`, so much as can be embedded in a moment. Blocks whose author was in the space are not read at all,
 * those without texts bring nothing.
 */
export async function tailWith(
  store: {
    tail(cursor: Cursor, max: number, wants?: { readonly parts: 'entries' }): Tail;
    get(ids: readonly string[]): (StoredBlock | undefined)[];
  },
  homes: readonly Homes[],
  passagesOf: (block: StoredBlock) => readonly (string | undefined)[],
  cursor: Cursor,
  max: number,
): Promise<Tail> {
  const { items, upTo } = store.tail(cursor, max, { parts: 'entries' });
  const most = Math.min(...homes.map(({ texts }) => texts.inMs(BATCH_MS)));
  const out: TailItem[] = [];
  const wanted: { readonly at: number; readonly item: Put; readonly texts: readonly (string | undefined)[] }[] = [];
  let chars = 0;
  let last: Cursor = upTo;
  for (const item of items) {
    if (item.type === 'erase') {
      out.push(item);
      continue;
    }
    const { entry, id } = item.block;
    const lacks = entry.rows > 0 && entry.inert === undefined && homes.some((home) => home.id !== entry.space);
    const [block] = lacks ? store.get([id]) : [];
    const texts = block === undefined || block.erased !== undefined ? [] : passagesOf(block).slice(0, entry.rows);
    if (texts.some((text) => text !== undefined)) {
      wanted.push({ at: out.length, item, texts });
      chars += texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
    } else if (item.replaces === undefined) continue;
    out.push({ ...item, block: { ...item.block, computed: [] } as ComputedBlock });
    if (chars >= most) {
      last = { epoch: upTo.epoch, seq: item.seq };
      break;
    }
  }
  const computed = await Promise.all(homes.map((home) => rowsIn(home, wanted)));
  wanted.forEach(({ at, item }, i) => {
    const rows = computed.flatMap((home) => home[i] ?? []);
    out[at] = { ...item, block: { ...item.block, computed: rows } as ComputedBlock };
  });
  return { items: out, upTo: last };
}

type Put = Extract<TailItem, { type: 'put' }>;

/** For each of the blocks its rows in a home space; undefined for one that its author has put there. */
async function rowsIn(
  { id, texts: embedding }: Homes,
  wanted: readonly { readonly item: Put; readonly texts: readonly (string | undefined)[] }[],
): Promise<(ComputedBlock['computed'][number] | undefined)[]> {
  const texts = wanted.flatMap(({ item, texts }) =>
    item.block.entry.space === id ? [] : texts.flatMap((text) => (text === undefined ? [] : [text])),
  );
  const vectors = await embedding.embed(texts);
  let next = 0;
  return wanted.map(({ item, texts }) => {
    if (item.block.entry.space === id) return undefined;
    const rows = texts.map((text) => (text === undefined ? undefined : vectors[next++]));
    return { id, space: embedding.space, count: rows.length, row: (i) => rows[i] };
  });
}
