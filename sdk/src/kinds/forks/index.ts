import type { FoldInput, Plugin, Reads, View } from '../kind.js';
import { sameIdentity, type IdentitiesState } from '../rotate/index.js';

/** By the block named as `prev`: those that name it, with their authors. */
export type ForksState = Map<string, Map<string, string>>;

export interface Fork {
  readonly prev: string;
  readonly author: string;
  /** Two or more blocks of one identity that claim to follow the same one. */
  readonly blocks: readonly string[];
}

function apply(state: ForksState, { block }: FoldInput): ForksState {
  if (block.prev === undefined) return state;
  const after = state.get(block.prev);
  if (after === undefined) state.set(block.prev, new Map([[block.id, block.author]]));
  else after.set(block.id, block.author);
  return state;
}

/** Forks, ordered by prev; those of one identity where `author` is given. */
export function forksOf(state: ForksState, identities: IdentitiesState, author?: string): Fork[] {
  const forks: Fork[] = [];
  for (const [prev, after] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (after.size < 2) continue;
    const rest = [...after].sort(([a], [b]) => (a < b ? -1 : 1));
    while (rest.length > 0) {
      const first = rest[0]![1];
      const own = rest.filter(([, by]) => sameIdentity(identities, by, first));
      for (const entry of own) rest.splice(rest.indexOf(entry), 1);
      if (own.length < 2 || (author !== undefined && !sameIdentity(identities, author, first))) continue;
      forks.push({ prev, author: first, blocks: own.map(([id]) => id) });
    }
  }
  return forks;
}

export const forksView: View<ForksState> = {
  name: 'forks',
  version: 1,
  kinds: ['*'],
  reads: ['identities'],
  headersOnly: true,
  empty: () => new Map(),
  apply,
  queries: {
    all: (state, { author }, reads: Reads) => ({
      forks: forksOf(state, reads['identities'] as IdentitiesState, author),
    }),
  },
};

export const forksPlugin: Plugin = { name: 'forks', kinds: [], views: [forksView as View] };
