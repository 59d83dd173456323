import { join } from 'node:path';
import {
  cidOf,
  corePlugins,
  createRegistry,
  DAG_CBOR,
  encode,
  packRows,
  sha256,
  spaceIdOf,
  writeEnvelope,
} from '@cosmicembeddings/sdk';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { openVectors } from '../../node/dist/index/vectors/index.js';
import { createSearch } from '../../node/dist/search/index.js';

export const registry = createRegistry(corePlugins);

/** Descriptor of the vectors in `../shared/data/embeddings/two-models`; what is not known of them is null. */
export function spaceOf(model, dims) {
  return {
    model,
    revision: null,
    weights: null,
    precision: null,
    dims,
    metric: 'cosine',
    pooling: 'mean',
    normalized: true,
    query_prefix: null,
    passage_prefix: null,
    max_tokens: null,
    endpoint: null,
  };
}

/**
 * A checked block of one row. Search never looks at signatures and the sky, so they are left empty here and nobody waits
 * for eleven thousand of them. `text` null: the author kept it.
 */
export function blockOf({ text, vector, space, n }) {
  const body = encode({
    space,
    embedding: packRows([vector], 'f32'),
    input_type: 'text',
    input_reference: [{ hash: sha256(new TextEncoder().encode(text ?? `${n}`)), origin: `document-${n}` }],
    texts: [text],
    salt: new Uint8Array(16),
    tags: [],
    linked_blocks: [],
  });
  const author = `did:key:z6Mk${n}`;
  const timeMs = 1_700_000_000_000 + n;
  const header = encode({
    version: 2,
    kind: 'embedding/1',
    created_by: author,
    timestamp: timeMs,
    cosmic_signature: { label: 'Orion-0.0' },
    body: cidOf(DAG_CBOR, sha256(body)),
    body_bytes: body.length,
  });
  const digest = sha256(header);
  const entry = {
    author,
    kind: 'embedding/1',
    timeMs,
    tags: [],
    links: [],
    refs: [],
    rows: 1,
    space: spaceIdOf(space),
    descriptor: space,
  };
  return {
    status: 'checked',
    id: cidOf(DAG_CBOR, digest).text,
    digest,
    format: 'native/2',
    timeMs,
    entry,
    envelope: writeEnvelope(header, new Uint8Array(64)),
    body,
    headerOnly: false,
  };
}

/**
 * The real parts of a node around one set of documents: SQLite store and text index, vector index in its worker, search.
 * `documents`: {text | null, vector, space}. Answers the search, the block ids in the documents' order, and `close`.
 */
export async function openLedger({ documents, embedders, weights, folder }) {
  const sqlite = await openSqlite({ folder, registry, network: 'dev', node: 'did:key:bench' });
  const blocks = documents.map(({ text, vector, space }, n) => blockOf({ text, vector, space, n }));
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
  const search = createSearch({
    store,
    catalogue,
    text,
    vectors,
    embedders: async () => embedders,
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
      await vectors.close();
      await sqlite.close();
    },
  };
}
