import {
  encode,
  packRows,
  writeEnvelope,
  type Dtype,
  type EraseReason,
  type Head,
  type SpaceDescriptor,
  type TailItem,
  type Value,
} from '@cosmicembeddings/sdk';
import { spaceIdOf, toUnit } from '@cosmicembeddings/sdk/space';
import type { IndexReader } from '../../../src/index/vectors/follower.js';

export const DIMS = 32;

export function spaceNamed(model: string, dims = DIMS): SpaceDescriptor {
  return {
    model,
    revision: null,
    weights: null,
    precision: null,
    dims,
    metric: 'cosine',
    pooling: null,
    normalized: true,
    query_prefix: null,
    passage_prefix: null,
    max_tokens: null,
    endpoint: null,
  };
}

/** A store's tail in memory, with real block bodies; signatures are zeros, which followers never look at. */
export class Ledger {
  readonly items: TailItem[] = [];
  labels = 0;
  epoch = 'first';

  add(
    space: SpaceDescriptor,
    vectors: Float32Array[],
    { author = 'did:a', seenMs = 0, dtype = 'f32' as Dtype } = {},
  ): { seq: number; firstLabel: number } {
    const seq = this.items.length + 1;
    const firstLabel = this.labels;
    this.labels += vectors.length;
    const body = encode({
      salt: new Uint8Array(16),
      tags: [],
      linked_blocks: [],
      space: space as unknown as Value,
      embedding: packRows(vectors, dtype) as unknown as Value,
      input_type: 'text',
      input_reference: vectors.map((_, row) => ({ hash: new Uint8Array(32), origin: `row ${row}` })),
    });
    const envelope = writeEnvelope(encode({ kind: 'embedding/1' }), new Uint8Array(64));
    const entry = {
      author,
      kind: 'embedding/1',
      timeMs: seenMs,
      tags: [],
      links: [],
      refs: [],
      space: spaceIdOf(space),
      rows: vectors.length,
    };
    this.items.push({
      seq,
      type: 'put',
      block: {
        id: `block-${seq}`,
        seq,
        format: 'native/2',
        timeMs: seenMs,
        firstSeenMs: seenMs,
        envelope,
        body,
        entry,
        firstLabel,
      },
    });
    return { seq, firstLabel };
  }

  erase(firstLabel: number, rows: number, reason: EraseReason = 'takedown'): void {
    this.items.push({ seq: this.items.length + 1, type: 'erase', id: 'gone', reason, firstLabel, rows });
    // As a store does: the body is gone from the earlier item, too.
    const at = this.items.findIndex(
      (item) => item.type === 'put' && item.block.firstLabel === firstLabel && item.block.entry.rows === rows,
    );
    const item = this.items[at];
    if (item?.type === 'put') this.items[at] = { ...item, block: { ...item.block, body: null, erased: reason } };
  }

  get head(): Head {
    return { epoch: this.epoch, seq: this.items.length, count: this.items.length, labels: this.labels };
  }

  reader(): IndexReader {
    return {
      tail: (cursor, max) => this.items.slice(cursor.epoch === this.epoch ? cursor.seq : 0).slice(0, max),
      head: () => this.head,
      close: () => undefined,
    };
  }
}

/** Unit rows around a few centres; the same for the same seed. */
export function someRows(count: number, seed: number, dims = DIMS): Float32Array[] {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
  const centres = Array.from({ length: 8 }, () => Float32Array.from({ length: dims }, random));
  return Array.from({ length: count }, (_, i) => toUnit(centres[i % 8]!.map((x) => x + random())));
}
