import type { Dtype, EraseReason, Follower, Head, SpaceDescriptor, TailItem } from '@cosmicembeddings/sdk';
import { toUnit } from '@cosmicembeddings/sdk/space';
import { testSpace, unsignedBlock } from '@cosmicembeddings/sdk/testing';
import type { IndexHost } from '../../../src/index/vectors/host.js';
import type { Followed } from '../../../src/follow/index.js';

export const DIMS = 32;

export const spaceNamed = (model: string, dims = DIMS): SpaceDescriptor => testSpace(model, dims);

/** A store's tail in memory, with real block bodies; signatures are zeros, which followers never look at. */
export class Ledger {
  readonly items: TailItem[] = [];
  labels = 0;
  epoch = 'first';

  add(
    space: SpaceDescriptor,
    vectors: Float32Array[],
    { author = 'did:a', seenMs = 0, dtype = 'f32' as Dtype, texts = [] as readonly string[] } = {},
  ): { seq: number; firstLabel: number } {
    const seq = this.items.length + 1;
    const firstLabel = this.labels;
    this.labels += vectors.length;
    const { id, format, timeMs, entry, envelope, body } = unsignedBlock({
      number: seq,
      rows: vectors.map((vector, row) => ({ vector, ...(texts[row] === undefined ? {} : { text: texts[row] }) })),
      space,
      dtype,
      author,
      timeMs: seenMs,
    });
    const block = { id, seq, format, timeMs, firstSeenMs: seenMs, envelope, body, entry, firstLabel };
    this.items.push({ seq, type: 'put', block });
    return { seq, firstLabel };
  }

  erase(firstLabel: number, rows: number, reason: EraseReason = 'takedown'): void {
    const at = this.items.findIndex(
      (item) => item.type === 'put' && item.block.firstLabel === firstLabel && item.block.entry.rows === rows,
    );
    const item = this.items[at];
    const id = item?.type === 'put' ? item.block.id : 'gone';
    this.items.push({ seq: this.items.length + 1, type: 'erase', id, reason, firstLabel, rows });
    // As a store does: the body is gone from the earlier item, too.
    if (item?.type === 'put') this.items[at] = { ...item, block: { ...item.block, body: null, erased: reason } };
  }

  get head(): Head {
    return { epoch: this.epoch, seq: this.items.length, count: this.items.length, labels: this.labels };
  }

  reader(): Followed {
    return {
      tail: (cursor, max) => {
        const from = cursor.epoch === this.epoch ? cursor.seq : 0;
        const items = this.items.slice(from, from + max);
        return { items, upTo: { epoch: this.epoch, seq: from + items.length } };
      },
      head: () => this.head,
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

const READ_MAX = 128;

/** Hands a follower one batch of what the store has and it has not, as its loop does; false where there is nothing, or no room. */
export async function readOnce(follower: Follower, store: Followed): Promise<boolean> {
  const room = Math.min(READ_MAX, follower.room!());
  if (room === 0) return false;
  const before = (await follower.durable())!;
  const { items, upTo } = await store.tail(before, room, follower.wants);
  if (upTo.epoch !== before.epoch) await follower.restart!(upTo.epoch);
  else if (upTo.seq === before.seq) return false;
  const reached = (await follower.take(items, upTo, () => undefined)) ?? upTo;
  return reached.seq !== before.seq;
}

/** One turn of everything that a host does by itself; false where there is nothing to do. */
export async function turn(host: IndexHost, store: Followed): Promise<boolean> {
  const read = await readOnce(host, store);
  const built = await readOnce(host.builder, store);
  return (await host.finish()) || read || built;
}

/** Reads until the store's head is reached and every graph is complete. */
export async function settle(host: IndexHost, store: Followed): Promise<void> {
  while (await turn(host, store));
}
