import {
  contentOf,
  CosmicError,
  type BlockId,
  type BlockStore,
  type EraseReason,
  type Registry,
  type StoredBlock,
  type Withhold,
} from '@cosmicembeddings/sdk';

/** What an operator can keep out besides a block's id, which never returns anyway. */
export const withholdable = ['body', 'text'] as const;
export type Withheld = (typeof withholdable)[number];

/** Who takes something down does not want it back under another key; other reasons are about this block alone. */
export function defaultWithheld(reason: EraseReason): readonly Withheld[] {
  return reason === 'takedown' ? ['body'] : [];
}

/** @throws CosmicError request.malformed */
export function parseWithheld(words: readonly string[]): readonly Withheld[] {
  const given = words.flatMap((word) => word.split(',')).filter((word) => word !== 'none');
  const unknown = given.find((word) => !withholdable.includes(word as Withheld));
  if (unknown !== undefined)
    throw new CosmicError(
      'request.malformed',
      `withhold: ${unknown.slice(0, 100)}; known: ${withholdable.join(', ')}, none`,
    );
  return given as readonly Withheld[];
}

/** Of blocks that still have their bodies. */
export function withholdOf(
  blocks: readonly (StoredBlock | undefined)[],
  registry: Registry,
  what: readonly Withheld[],
): Withhold {
  const texts = what.includes('text')
    ? blocks.flatMap((block) =>
        block === undefined || block.erased !== undefined
          ? []
          : contentOf(block, registry).passages.flatMap((passage) => passage?.text ?? []),
      )
    : [];
  return { body: what.includes('body'), texts };
}

/** Erases as an operator asks, and keeps out what the reason or the operator says. */
export async function eraseAs(
  { store, registry }: { readonly store: BlockStore; readonly registry: Registry },
  ids: readonly BlockId[],
  reason: EraseReason,
  what: readonly Withheld[] = defaultWithheld(reason),
): Promise<number[]> {
  const blocks = what.includes('text') ? await store.get(ids) : [];
  return store.erase(ids, reason, withholdOf(blocks, registry, what));
}
