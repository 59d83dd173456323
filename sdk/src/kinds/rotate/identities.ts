import type { FoldInput, View } from '../kind.js';
import { nameCid } from './kind.js';

/** A rotate block as it counts: which, and when it was seen first, here or by whoever gave a receipt. */
interface Half {
  readonly block: string;
  readonly seenMs: number;
}

/** By key: the names (CID) that its blocks refer to, each with the earliest such block. */
export interface IdentitiesState {
  readonly to: Map<string, Map<string, Half>>;
  readonly from: Map<string, Map<string, Half>>;
  revision: number;
}

/** One key handed over to another, with the consent of both. */
export interface Handover {
  readonly from: string;
  readonly to: string;
  /** The old key's block and the new key's. */
  readonly blocks: readonly [string, string];
  /** When the later one of the two was seen. */
  readonly seenMs: number;
}

/** Earliest of this node's own sight and the receipts. */
export function seenMsOf({ firstSeenMs, receipts }: FoldInput): number {
  return receipts.reduce((least, receipt) => Math.min(least, receipt.seenMs), firstSeenMs);
}

function empty(): IdentitiesState {
  return { to: new Map(), from: new Map(), revision: 0 };
}

function apply(state: IdentitiesState, input: FoldInput): IdentitiesState {
  const { block } = input;
  for (const { rel, id } of block.refs) {
    if (rel === 'rotates_to') note(state, state.to, block.author, id, { block: block.id, seenMs: seenMsOf(input) });
    else if (rel === 'rotates_from')
      note(state, state.from, block.author, id, { block: block.id, seenMs: seenMsOf(input) });
  }
  return state;
}

function note(
  state: IdentitiesState,
  halves: Map<string, Map<string, Half>>,
  author: string,
  name: string,
  half: Half,
): void {
  let named = halves.get(author);
  if (named === undefined) halves.set(author, (named = new Map()));
  const had = named.get(name);
  if (had !== undefined && (had.seenMs < half.seenMs || (had.seenMs === half.seenMs && had.block <= half.block)))
    return;
  named.set(name, half);
  state.revision++;
}

/** What follows from the rotate blocks: worked out once for a state, as it is asked for with every block. */
interface Derived {
  readonly revision: number;
  readonly handovers: readonly Handover[];
  readonly byFrom: ReadonlyMap<string, readonly Handover[]>;
  readonly group: ReadonlyMap<string, string>;
}

const derivations = new WeakMap<IdentitiesState, Derived>();

function derive(state: IdentitiesState): Derived {
  const known = derivations.get(state);
  if (known?.revision === state.revision) return known;
  const keyOf = new Map([...state.from.keys()].map((did) => [nameCid(did), did]));
  const handovers: Handover[] = [];
  for (const [from, named] of state.to) {
    for (const [name, half] of named) {
      const to = keyOf.get(name);
      const consent = to === undefined || to === from ? undefined : state.from.get(to)!.get(nameCid(from));
      if (to !== undefined && consent !== undefined)
        handovers.push({
          from,
          to,
          blocks: [half.block, consent.block],
          seenMs: Math.max(half.seenMs, consent.seenMs),
        });
    }
  }
  handovers.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.to < b.to ? -1 : 1));
  const byFrom = new Map<string, Handover[]>();
  for (const handover of handovers) byFrom.set(handover.from, [...(byFrom.get(handover.from) ?? []), handover]);
  const derived = { revision: state.revision, handovers, byFrom, group: groupsOf(byFrom) };
  derivations.set(state, derived);
  return derived;
}

/** Keys joined by handovers, each mapped to the least name of its group. A key with two successors joins neither. */
function groupsOf(byFrom: ReadonlyMap<string, readonly Handover[]>): Map<string, string> {
  const parent = new Map<string, string>();
  const rootOf = (did: string): string => {
    let root = did;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    return root;
  };
  for (const [from, list] of byFrom) {
    if (list.length !== 1) continue;
    const [a, b] = [rootOf(from), rootOf(list[0]!.to)].sort();
    parent.set(b!, a!);
    parent.set(a!, a!);
  }
  return new Map([...parent.keys()].map((did) => [did, rootOf(did)]));
}

/** Are two keys one identity: equal, or joined by handovers without conflict? */
export function sameIdentity(state: IdentitiesState, a: string, b: string): boolean {
  if (a === b) return true;
  const { group } = derive(state);
  const root = group.get(a);
  return root !== undefined && root === group.get(b);
}

/** When the first handover of a key was seen: its blocks seen later do not count. Infinity for a key in use. */
export function rotatedAwayMs(state: IdentitiesState, did: string): number {
  const list = derive(state).byFrom.get(did);
  return list === undefined ? Infinity : Math.min(...list.map(({ seenMs }) => seenMs));
}

/** Keys that were handed over. */
export function rotatedKeys(state: IdentitiesState): readonly string[] {
  return [...derive(state).byFrom.keys()];
}

export interface IdentityReport {
  readonly key: string;
  /** `frozen`: two handovers of one of its keys contradict each other; neither counts. */
  readonly state: 'single' | 'rotated' | 'frozen';
  readonly keys: readonly string[];
  /** The key to use now; absent when frozen, or when handovers go round in a circle. */
  readonly current?: string;
  readonly handovers: readonly Handover[];
}

/** All that is known of the identity that a key belongs to. */
export function identityOf(state: IdentitiesState, key: string): IdentityReport {
  const { group, byFrom, handovers } = derive(state);
  const root = group.get(key);
  const keys = root === undefined ? [key] : [...group.keys()].filter((did) => group.get(did) === root).sort();
  const own = handovers.filter(({ from, to }) => keys.includes(from) || keys.includes(to));
  const frozen = keys.some((did) => (byFrom.get(did)?.length ?? 0) > 1);
  const inUse = keys.filter((did) => !byFrom.has(did));
  return {
    key,
    state: frozen ? 'frozen' : keys.length > 1 ? 'rotated' : 'single',
    keys,
    ...(frozen || inUse.length !== 1 ? {} : { current: inUse[0]! }),
    handovers: own,
  };
}

export const identitiesView: View<IdentitiesState> = {
  name: 'identities',
  version: 1,
  kinds: ['rotate/1'],
  headersOnly: true,
  empty,
  apply,
  queries: {
    of: (state, { author = '' }) => identityOf(state, author),
    rotations: (state) => ({ handovers: derive(state).handovers }),
    conflicts: (state) => ({
      keys: [...derive(state).byFrom]
        .filter(([, list]) => list.length > 1)
        .map(([key, list]) => ({ key, handovers: list })),
    }),
  },
};
