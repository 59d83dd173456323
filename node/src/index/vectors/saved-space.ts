import { join } from 'node:path';
import type { SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { Bits } from './bits.js';
import type { GuardState } from './guard.js';
import type { Slots } from './rows.js';
import { readStateFile, type StateFile } from './state-file.js';

/** `state.bin` of a space's folder: what its other files hold. */
export interface SavedSpace {
  readonly epoch: string;
  readonly seq: number;
  readonly space: SpaceDescriptor;
  readonly engine: string;
  readonly count: number;
  readonly graph: { readonly file: string; readonly crc: number; readonly to: number; readonly size: number } | null;
  readonly guard: GuardState | null;
  readonly erasedMs: number | null;
  readonly candidates: number;
  readonly demotedIn: number;
  /** Slots that were being overwritten when this was written: done again on opening. */
  readonly wiping: readonly number[];
  /** Rows were left out whose numbers could not be read. */
  readonly lacks?: true;
}

/** Head, and as sections: labels, hubness (both 4 bytes a slot), dead slots, slots put aside (bits), checksums of the rows' pieces. */
export type SavedState = StateFile<SavedSpace>;

export const stateFile = (folder: string): string => join(folder, 'state.bin');

/** Undefined where it is gone or damaged. */
export function readSavedSpace(folder: string): SavedState | undefined {
  return readStateFile<SavedSpace>(stateFile(folder));
}

/** A saved space without rows that cannot be read; undefined where that changes nothing. */
export function without({ head, sections }: SavedState, { from, to }: Slots): SavedState | undefined {
  const lost = (slot: number): boolean => slot >= from && slot < to;
  const [labels, hubs, deadBefore, ...rest] = sections;
  const dead = new Bits(deadBefore);
  const gone: number[] = [];
  for (let slot = from; slot < Math.min(to, head.count); slot++)
    if (!dead.has(slot)) {
      dead.add(slot);
      gone.push(slot);
    }
  if (gone.length === 0) return undefined;
  const kept =
    head.guard?.pool.flatMap((slot, i) => (lost(slot) ? [] : [{ slot, author: head.guard!.authors[i]! }])) ?? [];
  const guard = head.guard && {
    ...head.guard,
    sample: head.guard.sample.filter((slot) => !lost(slot)),
    pool: kept.map(({ slot }) => slot),
    authors: kept.map(({ author }) => author),
    measured: Math.min(head.guard.measured, kept.length),
  };
  return {
    head: { ...head, guard, wiping: [...head.wiping, ...gone], lacks: true },
    sections: [labels!, hubs!, dead.copy(head.count), ...rest],
  };
}
