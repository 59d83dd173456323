import { parseCid } from '../../codec/cid.js';
import { CosmicError } from '../../errors.js';
import type { FoldInput, Reads, View } from '../kind.js';
import { rotatedAwayMs, rotatedKeys, sameIdentity, seenMsOf, type IdentitiesState } from '../rotate/index.js';
import { emptyTable, idsSeenAfter, noteBlock, rowOf, type BlockTable } from './block-table.js';

/** A reference that would end another block's standing. */
interface Claim {
  readonly rel: 'retracts' | 'supersedes';
  /** The block that makes it. */
  readonly by: string;
  readonly author: string;
  seenMs: number;
}

export interface StandingState {
  readonly blocks: BlockTable;
  readonly authorNumbers: Map<string, number>;
  readonly authors: string[];
  /** By the block that is spoken of. */
  readonly claims: Map<string, Claim[]>;
}

/** Why a block does not stand, or who says so without effect. */
export interface Reason {
  readonly rel: 'retracts' | 'supersedes' | 'rotated_away';
  readonly by?: string;
  readonly author: string;
  /** False for a claim by another identity, or by a key that had been handed over: just a link. */
  readonly acts: boolean;
}

export interface Standing {
  readonly id: string;
  /** False when this node has no such block. */
  readonly known: boolean;
  readonly stands: boolean;
  readonly author?: string;
  readonly reasons: readonly Reason[];
  /** The newest versions, following supersession; the block itself where nothing supersedes it. */
  readonly newest: readonly string[];
}

function empty(): StandingState {
  return { blocks: emptyTable(), authorNumbers: new Map(), authors: [], claims: new Map() };
}

function apply(state: StandingState, input: FoldInput): StandingState {
  const { block } = input;
  const seenMs = seenMsOf(input);
  noteBlock(state.blocks, block.id, authorNumber(state, block.author), seenMs);
  for (const { rel, id } of block.refs) {
    if (rel === 'supersedes' || (rel === 'retracts' && block.kind === 'retract/1'))
      claim(state, id, { rel, by: block.id, author: block.author, seenMs });
  }
  return state;
}

function authorNumber(state: StandingState, author: string): number {
  let number = state.authorNumbers.get(author);
  if (number === undefined) {
    number = state.authors.push(author) - 1;
    state.authorNumbers.set(author, number);
  }
  return number;
}

function claim(state: StandingState, target: string, made: Claim): void {
  const claims = state.claims.get(target);
  if (claims === undefined) {
    state.claims.set(target, [made]);
    return;
  }
  const known = claims.find(({ rel, by }) => rel === made.rel && by === made.by);
  if (known !== undefined) known.seenMs = Math.min(known.seenMs, made.seenMs);
  else claims.push(made);
}

function identitiesOf(reads: Reads): IdentitiesState {
  return reads['identities'] as IdentitiesState;
}

function acts(identities: IdentitiesState, target: string, { author, seenMs }: Claim): boolean {
  return sameIdentity(identities, author, target) && seenMs <= rotatedAwayMs(identities, author);
}

/** Does a block stand, and if not, why? */
export function standingOf(state: StandingState, id: string, reads: Reads): Standing {
  const identities = identitiesOf(reads);
  const row = rowOf(state.blocks, id);
  const claims = [...(state.claims.get(id) ?? [])].sort((a, b) =>
    a.by < b.by ? -1 : a.by > b.by ? 1 : a.rel < b.rel ? -1 : 1,
  );
  if (row === undefined)
    return {
      id,
      known: false,
      stands: false,
      reasons: claims.map(({ rel, by, author }) => ({ rel, by, author, acts: false })),
      newest: [],
    };
  const author = state.authors[row.author]!;
  const reasons: Reason[] = claims.map((one) => ({
    rel: one.rel,
    by: one.by,
    author: one.author,
    acts: acts(identities, author, one),
  }));
  if (row.seenMs > rotatedAwayMs(identities, author)) reasons.push({ rel: 'rotated_away', author, acts: true });
  return {
    id,
    known: true,
    author,
    stands: reasons.every((reason) => !reason.acts),
    reasons,
    newest: newestOf(state, id, author, identities),
  };
}

/** Ends of all chains of supersession from a block; ids are hashes, so there are no circles. */
function newestOf(state: StandingState, start: string, author: string, identities: IdentitiesState): string[] {
  const newest = new Set<string>();
  const seen = new Set<string>();
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const next = (state.claims.get(id) ?? []).filter(
      (one) => one.rel === 'supersedes' && acts(identities, author, one),
    );
    if (next.length === 0) newest.add(id);
    else for (const { by } of next) open.push(by);
  }
  return [...newest].sort();
}

/** Ids of all known blocks that do not stand. */
export function* fallen(state: StandingState, reads: Reads): Iterable<string> {
  const identities = identitiesOf(reads);
  const given = new Set<string>();
  for (const [target, claims] of state.claims) {
    const row = rowOf(state.blocks, target);
    if (row === undefined) continue;
    const author = state.authors[row.author]!;
    if (!claims.some((one) => acts(identities, author, one))) continue;
    given.add(target);
    yield target;
  }
  for (const key of rotatedKeys(identities)) {
    const number = state.authorNumbers.get(key);
    if (number === undefined) continue;
    for (const id of idsSeenAfter(state.blocks, number, rotatedAwayMs(identities, key))) if (!given.has(id)) yield id;
  }
}

function assertId(id: string | undefined): string {
  try {
    const cid = parseCid(id ?? '');
    if (cid.digest !== undefined) return cid.text;
  } catch {
    // answered below
  }
  throw new CosmicError('request.malformed', 'id: expected the id of a block');
}

export const standingView: View<StandingState> = {
  name: 'standing',
  version: 1,
  kinds: ['*'],
  reads: ['identities'],
  headersOnly: true,
  empty,
  apply,
  queries: {
    of: (state, { id }, reads) => standingOf(state, assertId(id), reads),
    fallen: (state, { limit = '100' }, reads) => {
      const most = Math.min(10_000, Math.max(1, Number.parseInt(limit, 10) || 100));
      const ids: string[] = [];
      for (const id of fallen(state, reads)) {
        if (ids.length === most) return { ids, more: true };
        ids.push(id);
      }
      return { ids: ids.sort(), more: false };
    },
  },
};
