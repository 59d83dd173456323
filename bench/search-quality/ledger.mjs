import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { corePlugins, createRegistry } from '@cosmicembeddings/sdk';
import { testSpace, unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { openVectors } from '../../node/dist/index/vectors/index.js';
import { startCommon } from '../../node/dist/index/common/index.js';
import { createSearch } from '../../node/dist/search/index.js';

export const registry = createRegistry(corePlugins);

/** Descriptor of the vectors in `../shared/data/embeddings/two-models`; what is not known of them is null. */
export const spaceOf = (model, dims) => testSpace(model, dims, { pooling: 'mean' });

/**
 * The real parts of a node around one set of documents: SQLite store and text index, vector index in its worker, search; with
 * `common`, spaces are compared by texts that they have in common.
 * `documents`: {text | null, vector, space, author?} (each by its own author unless said); `own`: rows are compared with their texts. Answers the search, the block ids in the documents' order, and `close`.
 */
export async function openLedger({ documents, embedders, weights, own = false, common = false, folder }) {
  const sqlite = await openSqlite({ folder, registry, network: 'dev', node: 'did:key:bench' });
  const blocks = documents.map(({ text, vector, space, author }, number) =>
    unsignedBlock({
      number,
      space,
      rows: [{ vector, text, origin: `document-${number}` }],
      author: author ?? `did:key:z6Mk${number}`,
    }),
  );
  for (let i = 0; i < blocks.length; i += 500)
    await sqlite.store.put(blocks.slice(i, i + 500).map((block) => ({ block, firstSeenMs: block.timeMs })));
  const head = await sqlite.store.head();
  sqlite.text.notify(head);
  const vectors = await openVectors({
    folder: join(folder, 'index'),
    engine: 'auto',
    reader: { folder, engine: sqlite.engine },
  });
  await vectors.waitFor(head.seq);
  await sqlite.text.catchUp(Date.now() + 600_000);
  // The words' postings are loaded a slice at a time.
  while ((await sqlite.text.match('a', { k: 0, bm25: { k1: 1.2, b: 0.75 } })) === undefined)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const { store, catalogue, text } = sqlite;
  const clock = { now: () => Date.now() };
  const background = common
    ? await startCommon({
        store,
        registry,
        clock: { now: () => Date.now(), sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
        embedders: async () => embedders,
      })
    : undefined;
  while (
    background !== undefined &&
    (background.state().of === 0 || background.state().texts < background.state().of - 5)
  )
    await sleep(20);
  const search = createSearch({
    store,
    catalogue,
    text,
    vectors,
    embedders: async () => embedders,
    // As a node does with embedders of its own process.
    ...(own ? { ownEmbedders: async () => embedders } : {}),
    ...(background === undefined ? {} : { common: (queries) => background.of(queries) }),
    hidden: () => new Uint8Array(0),
    registry,
    clock,
    weights,
  });
  return {
    search,
    vectors,
    text,
    engines: { store: sqlite.engine, index: vectors.engine },
    ids: blocks.map(({ id }) => id),
    close: async () => {
      await background?.close();
      await vectors.close();
      await sqlite.close();
    },
  };
}
