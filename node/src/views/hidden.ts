import { parseCid, RAW, type BlockId } from '@cosmicembeddings/sdk';
import { ID_BYTES, type PackedBlocks } from './cone-protocol.js';

/** Blocks that stay out of searches: which, and the labels of their rows. */
export interface Hidden {
  /** Bit i for row label i. The buffer is replaced, never changed. */
  bits(): Uint8Array;
  has(id: BlockId): boolean;
  readonly size: number;
  /** What a source hides, from the beginning. Until it `counts` it hides nothing. */
  replace(source: string, blocks: PackedBlocks, counts?: boolean): void;
  /** From now on it hides what it does. */
  count(source: string): void;
  change(source: string, fell: PackedBlocks | undefined, stood: PackedBlocks | undefined): void;
  drop(source: string): void;
}

/** Hidden is what any of the sources hides. */
export function createHidden(): Hidden {
  const sources = new Map<string, Source>();
  let bits: Uint8Array | undefined;
  const of = (name: string): Source => {
    let source = sources.get(name);
    if (source === undefined) sources.set(name, (source = newSource()));
    return source;
  };
  return {
    bits: () => (bits ??= union([...sources.values()].filter(({ counts }) => counts))),
    has: (id) => {
      let key: bigint | undefined;
      for (const { keys, counts } of sources.values())
        if (counts && keys.size > 0 && keys.has((key ??= keyOfId(id)))) return true;
      return false;
    },
    get size() {
      return [...sources.values()].reduce((all, { keys, counts }) => all + (counts ? keys.size : 0), 0);
    },
    replace(name, blocks, counts = true) {
      sources.set(name, { ...newSource(), counts });
      fall(of(name), blocks);
      bits = undefined;
    },
    count(name) {
      const source = of(name);
      if (source.counts) return;
      source.counts = true;
      bits = undefined;
    },
    change(name, fell, stood) {
      if (fell === undefined && stood === undefined) return;
      if (stood !== undefined) rise(of(name), stood);
      if (fell !== undefined) fall(of(name), fell);
      bits = undefined;
    },
    drop(name) {
      if (sources.delete(name)) bits = undefined;
    },
  };
}

interface Source {
  /** The first 128 bits of digests: nobody makes two blocks that share them by chance. */
  readonly keys: Set<bigint>;
  bits: Uint8Array;
  counts: boolean;
}

function newSource(): Source {
  return { keys: new Set(), bits: new Uint8Array(0), counts: true };
}

function fall(source: Source, { ids, labels }: PackedBlocks): void {
  let end = 0;
  for (let i = 0; i < labels.length; i += 2) if (labels[i + 1]! > 0) end = Math.max(end, labels[i]! + labels[i + 1]!);
  if (end > source.bits.length * 8) {
    const grown = new Uint8Array((end + 7) >> 3);
    grown.set(source.bits);
    source.bits = grown;
  }
  each(ids, labels, (key, first, rows) => {
    source.keys.add(key);
    for (let label = first; label < first + rows; label++) source.bits[label >> 3]! |= 1 << (label & 7);
  });
}

function rise(source: Source, { ids, labels }: PackedBlocks): void {
  each(ids, labels, (key, first, rows) => {
    source.keys.delete(key);
    for (let label = first; label < first + rows && label >> 3 < source.bits.length; label++)
      source.bits[label >> 3]! &= ~(1 << (label & 7));
  });
}

function each(ids: Uint8Array, labels: Uint32Array, work: (key: bigint, first: number, rows: number) => void): void {
  const view = new DataView(ids.buffer, ids.byteOffset, ids.byteLength);
  for (let i = 0; i * ID_BYTES < ids.length; i++) {
    const at = i * ID_BYTES;
    const key = keyOf(ids[at] === 1, view, at + 1);
    work(key, labels[2 * i]!, labels[2 * i + 1]!);
  }
}

function keyOf(python: boolean, view: DataView, at: number): bigint {
  return (view.getBigUint64(at) << 65n) | (view.getBigUint64(at + 8) << 1n) | (python ? 1n : 0n);
}

function keyOfId(id: BlockId): bigint {
  const { bytes, codec } = parseCid(id);
  const digest = bytes.subarray(bytes.length - 32);
  return keyOf(codec === RAW, new DataView(digest.buffer, digest.byteOffset, 32), 0);
}

function union(sources: readonly Source[]): Uint8Array {
  const out = new Uint8Array(sources.reduce((most, { bits }) => Math.max(most, bits.length), 0));
  for (const { bits } of sources) for (let i = 0; i < bits.length; i++) out[i]! |= bits[i]!;
  return out;
}
