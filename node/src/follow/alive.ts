/** What a follower in a worker works on, seen from outside while its thread does not answer: four numbers that are shared. */
export type SharedBeat = SharedArrayBuffer;

/** The worker's side. */
export interface Beat {
  /** Items from number `first` to `last` are being taken. */
  begin(first: number, last: number): void;
  /** It is this one now. */
  at(seq: number): void;
  end(): void;
  /** The thread goes on: what it works on waits for another one. */
  alive(): void;
}

/** The numbers of what is under way; `first` and `last` are equal where one item is known to be it. */
export interface Working {
  readonly first: number;
  readonly last: number;
}

export function createSharedBeat(): SharedBeat {
  return new SharedArrayBuffer(8 * 4);
}

export function beatOn(shared: SharedBeat): Beat {
  const cells = new Float64Array(shared);
  const [count, first, last, isWorking] = [0, 1, 2, 3] as const;
  const set = (from: number, to: number, working: 0 | 1): void => {
    cells[first] = from;
    cells[last] = to;
    cells[isWorking] = working;
    cells[count]! += 1;
  };
  return {
    begin: (from, to) => set(from, to, 1),
    at: (seq) => set(seq, seq, 1),
    end: () => set(0, 0, 0),
    alive: () => void (cells[count]! += 1),
  };
}

/** Looked at from time to time: what has been under way, without a sign of life, for `hangsMs` or more. */
export function watchBeat(shared: SharedBeat, hangsMs: number): (nowMs: number) => Working | undefined {
  const cells = new Float64Array(shared);
  let seen = { count: -1, sinceMs: 0 };
  return (nowMs) => {
    const count = cells[0]!;
    if (count !== seen.count || cells[3] === 0) seen = { count, sinceMs: nowMs };
    if (nowMs - seen.sinceMs < hangsMs) return undefined;
    return { first: cells[1]!, last: cells[2]! };
  };
}
