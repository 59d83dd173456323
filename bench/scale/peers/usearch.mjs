import { createRequire } from 'node:module';
import { join } from 'node:path';
import { versionOf } from './documents.mjs';

/** The bare graph library: no store, no durability but one save at the end. Two threads build, one searches. */
export function usearchPeer(scalar, { folder, dims }) {
  // Its ES module finds its native part by a stack trace, which fails where nothing but that module is on the stack.
  const { Index, MetricKind, ScalarKind } = createRequire(import.meta.url)('usearch');
  const index = new Index({
    dimensions: dims,
    metric: MetricKind.Cos,
    quantization: ScalarKind[scalar],
    connectivity: 16,
    expansion_add: 128,
    expansion_search: 64,
    multi: false,
  });
  return {
    versions: [versionOf('usearch')],
    settings: `${scalar}, M 16, efC 128, ef 64, no re-scoring`,
    durable: 'no: one save at the end',
    index: (flat) => {
      const rows = flat.length / dims;
      for (let at = 0; at < rows; at += 1000) {
        const count = Math.min(1000, rows - at);
        index.add(
          BigUint64Array.from({ length: count }, (_, i) => BigInt(at + i)),
          flat.subarray(at * dims, (at + count) * dims),
          2,
        );
      }
      index.save(join(folder, 'index.usearch'));
    },
    search: (question, k) => Array.from(index.search(question, k, 1).keys, Number),
    close: () => undefined,
  };
}
