import { connect, Index } from '@lancedb/lancedb';
import { Field, FixedSizeList, Float32, Int32, makeData, Table, Utf8, Vector, vectorFromArray } from 'apache-arrow';
import { tagOf, textOf, versionOf } from './documents.mjs';

export async function open({ folder, dims }) {
  const db = await connect(folder);
  let table;
  /** Columns, as it likes them best: the vectors are not copied number by number. */
  const columns = (flat, from, to) => {
    const rows = Array.from({ length: to - from }, (_, i) => from + i);
    const vectors = makeData({
      type: new FixedSizeList(dims, new Field('item', new Float32(), true)),
      length: rows.length,
      nullCount: 0,
      child: makeData({ type: new Float32(), data: flat.subarray(from * dims, to * dims) }),
    });
    return new Table({
      row: vectorFromArray(rows, new Int32()),
      vector: new Vector([vectors]),
      tag: vectorFromArray(rows.map(tagOf), new Utf8()),
      text: vectorFromArray(rows.map(textOf), new Utf8()),
    });
  };
  return {
    versions: [versionOf('@lancedb/lancedb')],
    settings: 'adds of 10,000 rows; IVF_HNSW_SQ, 1 partition, m 16, efC 200, ef 64, refine 2',
    durable: 'no: it does not fsync',
    ingest: async (flat) => {
      const rows = flat.length / dims;
      for (let at = 0; at < rows; at += 10_000) {
        const part = columns(flat, at, Math.min(rows, at + 10_000));
        if (table === undefined) table = await db.createTable('rows', part);
        else await table.add(part);
      }
    },
    index: async () => {
      await table.createIndex('vector', {
        config: Index.hnswSq({ distanceType: 'cosine', numPartitions: 1, m: 16, efConstruction: 200 }),
        waitTimeoutSeconds: 300,
      });
    },
    search: async (question, k) => {
      const found = await table
        .vectorSearch(question)
        .distanceType('cosine')
        .ef(64)
        .refineFactor(2)
        .select(['row', 'tag', 'text', '_distance'])
        .limit(k)
        .toArray();
      return found.map(({ row }) => Number(row));
    },
    close: () => table.close(),
  };
}
