import { concatBytes, CosmicError, decodeFirst, encode, type EraseReason, type TailItem } from '@cosmicembeddings/sdk';

/** One step of a store's life, as a backup keeps it. */
export type Step =
  | { readonly type: 'put'; readonly seq: number; readonly firstSeenMs: number; readonly wire: Uint8Array }
  | { readonly type: 'erase'; readonly seq: number; readonly id: string; readonly reason: EraseReason };

const GONE = Uint8Array.of(0xf6);
const REASONS: readonly string[] = ['retracted', 'takedown', 'retention', 'quota'];

/** A step as the store tells it now: what was erased since comes without its body. */
export function stepOf(item: TailItem): Step[] {
  if (item.type === 'erase') return [{ type: 'erase', seq: item.seq, id: item.id, reason: item.reason }];
  const { seq, block } = item;
  // Of an erased block of version 1 nothing is left; what it was called stands in its erasure.
  if (block.format === 'python/1' && block.envelope.length === 0) return [];
  const wire = block.format === 'python/1' ? block.envelope : concatBytes(block.envelope, block.body ?? GONE);
  return [{ type: 'put', seq, firstSeenMs: block.firstSeenMs, wire }];
}

/** DAG-CBOR, one array a step: [seq, first seen in ms, the block's bytes] or [seq, reason, id]. */
export function encodeStep(step: Step): Uint8Array {
  return encode(step.type === 'put' ? [step.seq, step.firstSeenMs, step.wire] : [step.seq, step.reason, step.id]);
}

/** @throws CosmicError backup.damaged */
export function* decodeSteps(bytes: Uint8Array, name: string): Iterable<Step> {
  for (let at = 0; at < bytes.length;) {
    let value: unknown;
    try {
      const read = decodeFirst(bytes.subarray(at));
      value = read.value;
      at += read.end;
    } catch (cause) {
      throw new CosmicError('backup.damaged', `${name}: cannot be read at byte ${at}`, { cause });
    }
    const [seq, second, third] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    if (typeof seq === 'number' && typeof second === 'number' && third instanceof Uint8Array)
      yield { type: 'put', seq, firstSeenMs: second, wire: third };
    else if (
      typeof seq === 'number' &&
      typeof second === 'string' &&
      REASONS.includes(second) &&
      typeof third === 'string'
    )
      yield { type: 'erase', seq, reason: second as EraseReason, id: third };
    else throw new CosmicError('backup.damaged', `${name}: no step of a store`);
  }
}
