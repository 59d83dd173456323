import { fallen, type BlockStore, type Reads, type StandingState } from '@cosmicembeddings/sdk';

/** Row labels of the blocks that do not stand, as a bitset that search leaves out. */
export interface Hidden {
  /** Bit i stands for label i: 1 where the row's block has fallen. The buffer is replaced, never changed, when it grows stale. */
  bits(): Uint8Array;
  /** Works the set out anew from the folded states. */
  update(standing: StandingState | undefined, reads: Reads): Promise<void>;
}

/** Blocks whose labels are fetched at a time. */
const FETCH = 500;

export function createHidden(store: Pick<BlockStore, 'get'>): Hidden {
  /** Labels never change while the epoch lasts; a block that was not found is asked for again. */
  const labels = new Map<string, { readonly first: number; readonly rows: number }>();
  let bits = new Uint8Array(0);

  async function update(standing: StandingState | undefined, reads: Reads): Promise<void> {
    const ids = standing === undefined ? [] : [...fallen(standing, reads)];
    const unknown = ids.filter((id) => !labels.has(id));
    for (let i = 0; i < unknown.length; i += FETCH) {
      const asked = unknown.slice(i, i + FETCH);
      const found = await store.get(asked);
      for (const block of found)
        if (block !== undefined) labels.set(block.id, { first: block.firstLabel, rows: block.entry.rows });
    }
    let end = 0;
    for (const id of ids) {
      const at = labels.get(id);
      if (at !== undefined) end = Math.max(end, at.first + at.rows);
    }
    const next = new Uint8Array((end + 7) >> 3);
    for (const id of ids) {
      const at = labels.get(id);
      for (let i = 0; at !== undefined && i < at.rows; i++) next[(at.first + i) >> 3]! |= 1 << ((at.first + i) & 7);
    }
    bits = next;
  }
  return { bits: () => bits, update };
}
