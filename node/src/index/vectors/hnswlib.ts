import { createRequire } from 'node:module';
import type { Graph, GraphEngine } from './graph.js';

/** What is used of the library, which may not be installed where this is compiled. */
interface Index {
  initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
  getCurrentCount(): number;
  getMaxElements(): number;
  resizeIndex(maxElements: number): void;
  addPoint(row: number[], label: number): void;
  setEf(ef: number): void;
  searchKnn(row: number[], k: number): { neighbors: number[] };
  writeIndexSync(path: string): void;
  readIndexSync(path: string): void;
}
interface Hnswlib {
  readonly HierarchicalNSW: new (space: 'ip', dims: number) => Index;
}

/** hnswlib-node: float32 rows, one thread, plain arrays only, and a capacity that has to be raised by hand. */
export async function hnswlibEngine(): Promise<GraphEngine> {
  const { HierarchicalNSW } = createRequire(import.meta.url)('hnswlib-node') as Hnswlib;

  const graphOf = (index: Index, dims: number): Graph => {
    // One array for all calls: making an array from a Float32Array costs seven times as much as filling this one.
    const row = new Array<number>(dims).fill(0);
    const fill = (rows: Float32Array, at: number): number[] => {
      for (let i = 0; i < dims; i++) row[i] = rows[at + i]!;
      return row;
    };
    let ef = 0;
    return {
      get size() {
        return index.getCurrentCount();
      },
      add: (slots, rows) => {
        const needed = index.getCurrentCount() + slots.length;
        if (needed > index.getMaxElements())
          index.resizeIndex(Math.max(needed, Math.ceil(index.getMaxElements() * 1.5)));
        slots.forEach((slot, i) => index.addPoint(fill(rows, i * dims), slot));
      },
      search: (query, want) => {
        const k = Math.min(want, index.getCurrentCount());
        if (k === 0) return [];
        if (ef !== want) index.setEf((ef = want));
        return index.searchKnn(fill(query, 0), k).neighbors.reverse();
      },
      save: (path) => index.writeIndexSync(path),
    };
  };

  return {
    name: 'hnswlib',
    candidates: 64,
    create: (dims) => {
      const index = new HierarchicalNSW('ip', dims);
      index.initIndex({ maxElements: 4096, m: 16, efConstruction: 200, randomSeed: 100 });
      return graphOf(index, dims);
    },
    load: (path, dims, size) => {
      const index = new HierarchicalNSW('ip', dims);
      index.readIndexSync(path);
      if (index.getCurrentCount() !== size)
        throw new Error(`graph of ${index.getCurrentCount()} rows where ${size} were saved`);
      return graphOf(index, dims);
    },
  };
}
