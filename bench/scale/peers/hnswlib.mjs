import { join } from 'node:path';
import hnswlib from 'hnswlib-node';
import { versionOf } from './documents.mjs';

/** One thread, no SIMD in the build that npm makes. It takes plain arrays only: one is used again and again. */
export async function open({ folder, dims }) {
  const index = new hnswlib.HierarchicalNSW('cosine', dims);
  const plain = new Array(dims).fill(0);
  const plainOf = (flat, at) => {
    for (let d = 0; d < dims; d++) plain[d] = flat[at + d];
    return plain;
  };
  return {
    versions: [versionOf('hnswlib-node')],
    settings: 'M 16, efC 200, ef 48',
    durable: 'no: one save at the end',
    index: async (flat) => {
      index.initIndex(flat.length / dims, 16, 200, 1);
      for (let at = 0; at < flat.length; at += dims) index.addPoint(plainOf(flat, at), at / dims);
      await index.writeIndex(join(folder, 'index.hnsw'));
      index.setEf(48);
    },
    search: (question, k) => index.searchKnn(plainOf(question, 0), k).neighbors,
    close: () => undefined,
  };
}
