import { existsSync, readFileSync } from 'node:fs';
import { replaceFile } from '../store/durable.js';

/** A block that a follower could not take: it threw, or did not come back. */
export interface Fault {
  /** The item's number in the store of this epoch. */
  readonly seq: number;
  readonly epoch: string;
  /** Of the follower; another one tries again. */
  readonly version: string;
  readonly why: string;
}

/** Blocks that were passed over, by follower. */
export interface FaultList {
  of(follower: string): readonly Fault[];
  add(follower: string, fault: Fault): void;
  /** How many there are by follower, for those that have any. */
  counts(): Readonly<Record<string, number>>;
}

/** More are not remembered: the oldest are tried again then. */
const FAULTS_MAX = 1000;
const WHY_MAX = 500;

/** Kept in a file, where there is a path: what hung once would hang again after each start. */
export function openFaults(path?: string): FaultList {
  const byFollower = new Map<string, Fault[]>(Object.entries(path === undefined ? {} : read(path)));
  return {
    of: (follower) => byFollower.get(follower) ?? [],
    add: (follower, fault) => {
      const { version, epoch, seq } = fault;
      const current = (byFollower.get(follower) ?? []).filter(
        (one) => one.version === version && one.epoch === epoch && one.seq !== seq,
      );
      byFollower.set(follower, [...current, { ...fault, why: fault.why.slice(0, WHY_MAX) }].slice(-FAULTS_MAX));
      if (path !== undefined) replaceFile(path, `${JSON.stringify(Object.fromEntries(byFollower), null, 1)}\n`);
    },
    counts: () => Object.fromEntries([...byFollower].map(([follower, faults]) => [follower, faults.length])),
  };
}

/** A file that is gone or damaged costs one more hang of each block that stood in it. */
function read(path: string): Record<string, Fault[]> {
  if (!existsSync(path)) return {};
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Fault[]>;
    return Object.values(parsed).every((faults) => Array.isArray(faults)) ? parsed : {};
  } catch {
    return {};
  }
}
