import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { levels } from './calibration.js';
import type { Graph, GraphEngine } from './graph.js';

/** What is used of the library, which may not be installed where this is compiled. */
interface Index {
  size(): number;
  dimensions(): number;
  add(keys: BigUint64Array, rows: Float32Array, threads: number): void;
  search(
    query: Float32Array,
    want: number,
    threads: number,
  ): { readonly keys: BigUint64Array; readonly distances: Float32Array };
  save(path: string): void;
  load(path: string): void;
  view(path: string): void;
}
interface Usearch {
  readonly Index: new (options: object) => Index;
  readonly MetricKind: { readonly IP: string };
  readonly ScalarKind: { readonly I8: string };
}

/**
 * usearch with 8-bit rows: a quarter of the memory traffic of float32. On their own 8 bits order the first ten badly
 * (recall 0.91), so callers re-score the candidates with the float32 rows.
 */
export async function usearchEngine(threads = Math.min(2, availableParallelism())): Promise<GraphEngine> {
  // Its ES module finds its native part by a stack trace, which fails where nothing but that module is on the stack.
  const { Index: Native, MetricKind, ScalarKind } = createRequire(import.meta.url)('usearch') as Usearch;
  const open = (dims: number): Index =>
    new Native({
      dimensions: dims,
      // Rows are unit length, and their cosine is their product, at three quarters of its price. A graph that was saved
      // with the cosine goes on with it.
      metric: MetricKind.IP,
      quantization: ScalarKind.I8,
      connectivity: 16,
      expansion_add: 128,
      // Asking for more widens a search, asking for less does not narrow it.
      expansion_search: levels[0],
      multi: false,
    });

  /** `file`: whose pages are this graph's memory. */
  const graphOf = (index: Index, dims: number, file?: string): Graph => ({
    get size() {
      return index.size();
    },
    get isResting() {
      return file !== undefined;
    },
    // The number of threads must not change between calls: usearch reserves for those of the call that made it grow.
    add: (slots, rows) => {
      // In place: another object's memory would go with the next collection, whenever that is.
      if (file !== undefined) index.load(file);
      file = undefined;
      const keys = BigUint64Array.from(slots, BigInt);
      // Rows that go in side by side do not see each other: in a small graph they end up apart from it.
      const single = Math.min(slots.length, Math.max(0, ALONE - index.size()));
      for (let i = 0; i < single; i++)
        index.add(keys.subarray(i, i + 1), rows.subarray(i * dims, (i + 1) * dims), threads);
      if (single < slots.length) index.add(keys.subarray(single), rows.subarray(single * dims), threads);
    },
    search: (query, want) => {
      const size = index.size();
      if (size === 0) return [];
      const { keys } = index.search(query, Math.min(want, size), 1);
      return new Float64Array(keys.length).map((_, i) => Number(keys[i]));
    },
    save: (path) => index.save(path),
    rest: (path) => {
      index.view(path);
      file = path;
    },
  });

  return {
    name: 'usearch',
    candidates: 96,
    create: (dims) => graphOf(open(dims), dims),
    load: (path, dims, size) => {
      const index = open(dims);
      index.view(path);
      if (index.dimensions() !== dims || index.size() !== size)
        throw new Error(`graph of ${index.size()} rows × ${index.dimensions()} where ${size} × ${dims} was saved`);
      return graphOf(index, dims, path);
    },
  };
}

/** Rows of a graph that are added one after the other. */
const ALONE = 1024;
