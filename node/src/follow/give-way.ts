/**
 * How followers on other threads give way to the door. While more than a few batches of blocks are at the door, the cores
 * are wanted for checking and storing them; an index that is behind says so (`indexedTo`) and catches up afterwards.
 */

/** Blocks at the door now, shared between threads: one Int32. */
export type Pressure = SharedArrayBuffer;

export function createPressure(): { readonly shared: Pressure; set(blocks: number): void } {
  const shared = new SharedArrayBuffer(4);
  const gauge = new Int32Array(shared);
  return { shared, set: (blocks) => void Atomics.store(gauge, 0, blocks) };
}

/** From so many blocks at the door on, followers rest. One busy stream keeps 512 there; single publishers a few. */
const BUSY = 96;
/** Resting time for each unit of work: followers keep an eighth of their thread, so they always move. */
const REST = 7;
const REST_MAX_MS = 200;

/** Milliseconds to rest after `workedMs` of background work; 0 while the door is quiet. */
export function restAfter(workedMs: number, pressure: Pressure | undefined): number {
  if (pressure === undefined || Atomics.load(new Int32Array(pressure), 0) < BUSY) return 0;
  return Math.min(REST_MAX_MS, Math.ceil(workedMs * REST));
}
