import { closeSync, existsSync, fsyncSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { Bits } from './bits.js';
import type { GuardState } from './guard.js';
import { PackedRows, rowBytesOf, rowsFile, type RowFormat } from './row-format.js';
import { writeAll, type Slots } from './rows.js';
import { readStateFile, writeStateFile, type StateFile } from './state-file.js';

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
  /** How the rows' numbers lie in their file; absent: as float32. */
  readonly rows?: RowFormat;
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

/**
 * A saved space whose rows lie in the format that is wanted: those of an earlier version are written anew, whole before the old file goes.
 * What that file held wrongly is not noticed then: rows that nobody signed are made again at will.
 */
export function inFormat(wanted: RowFormat, folder: string, saved: SavedState | undefined): SavedState | undefined {
  const was = saved?.head.rows ?? 'f32';
  if (saved === undefined || was === wanted) return saved;
  const [from, to] = [join(folder, rowsFile(was)), join(folder, rowsFile(wanted))];
  const { head, sections } = saved;
  const { dims } = head.space;
  const [labels, hubs, dead, aside, crcs] = sections;
  const now: SavedState = {
    head: { ...head, rows: wanted },
    sections: [labels!, hubs!, dead!, aside!, new Uint8Array(crcs!.length)],
  };
  if (existsSync(from)) rewrite(from, to, new PackedRows(was, dims, AT_ONCE), new PackedRows(wanted, dims, AT_ONCE));
  writeStateFile(stateFile(folder), now, true);
  rmSync(from, { force: true });
  return now;
}

/** Rows that are in memory while they are written anew. */
const AT_ONCE = 1024;

function rewrite(from: string, to: string, read: PackedRows, written: PackedRows): void {
  const row = new Float32Array(read.dims);
  const rowBytes = [read, written].map(({ format, dims }) => rowBytesOf(format, dims)) as [number, number];
  const [source, target] = [openSync(from, 'r'), openSync(to, 'w', 0o600)];
  try {
    for (let at = 0; ;) {
      const rows = Math.floor(readSync(source, read.bytes, 0, read.bytes.length, at * rowBytes[0]) / rowBytes[0]);
      if (rows === 0) break;
      for (let i = 0; i < rows; i++) {
        read.read(i, row);
        written.set(i, row);
      }
      writeAll(target, written.bytes.subarray(0, rows * rowBytes[1]), at * rowBytes[1]);
      at += rows;
    }
    fsyncSync(target);
  } finally {
    closeSync(source);
    closeSync(target);
  }
}
