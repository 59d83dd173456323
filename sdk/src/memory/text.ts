import { contentOf } from '../formats/index.js';
import type { BlockId } from '../block/types.js';
import type { Registry } from '../kinds/registry.js';
import type { BlockStore, Cursor, TextHit, TextIndex } from '../ports/index.js';
import { hasBit } from './vectors.js';
import { readQuery, wordsIn } from '../words/index.js';

interface Passage {
  readonly id: BlockId;
  readonly label: number;
  /** Words of heading and text, in order. */
  readonly words: readonly string[];
}

export interface MemoryText extends TextIndex {
  catchUp(deadlineMs: number): Promise<Cursor>;
  /** Texts that hold what stands in quotes, best first. */
  phrases(query: string, k: number, allow?: Uint8Array): Promise<TextHit[]>;
}

/** Full-text search over a store's passages, scored by Okapi BM25 (k1 1.2, b 0.75); without stemming. */
export function createMemoryText(store: BlockStore, registry: Registry): MemoryText {
  const byBlock = new Map<BlockId, Passage[]>();
  let position: Cursor = { epoch: '', seq: 0 };

  const catchUp = async (): Promise<Cursor> => {
    const { epoch } = await store.head();
    if (position.epoch !== epoch) byBlock.clear();
    for (;;) {
      const { items, upTo } = await store.tail(position, 1000);
      for (const item of items) {
        const id = item.type === 'put' ? item.block.id : item.id;
        byBlock.delete(id);
        if (item.type === 'erase' || item.block.entry.inert !== undefined) continue;
        const { entry, firstLabel } = item.block;
        const own = contentOf(item.block, registry).passages.flatMap((passage, row) =>
          passage === undefined
            ? []
            : [
                {
                  id,
                  label: row < entry.rows ? firstLabel + row : -1,
                  words: wordsIn(`${passage.heading ?? ''} ${passage.text}`),
                },
              ],
        );
        if (own.length > 0) byBlock.set(id, own);
      }
      position = upTo;
      if (items.length === 0) return position;
    }
  };

  const find = async (terms: readonly (readonly string[])[], k: number, allow?: Uint8Array): Promise<TextHit[]> => {
    await catchUp();
    const passages = [...byBlock.values()].flat();
    if (k <= 0 || terms.length === 0) return [];
    const counts = passages.map((passage) => terms.map((term) => occurrences(passage.words, term)));
    const found = terms.map((_, t) => counts.reduce((sum, row) => sum + (row[t]! > 0 ? 1 : 0), 0));
    const mean = passages.reduce((sum, { words: own }) => sum + own.length, 0) / Math.max(1, passages.length);
    const hits: TextHit[] = [];
    passages.forEach((passage, i) => {
      const row = counts[i]!;
      if (row.every((count) => count === 0)) return;
      if (allow !== undefined && (passage.label < 0 || !hasBit(allow, passage.label))) return;
      const score = row.reduce(
        (sum, count, t) => sum + weight(count, found[t]!, passages.length, passage.words.length / mean),
        0,
      );
      hits.push({ id: passage.id, label: passage.label, score });
    });
    return hits.sort((a, b) => b.score - a.score || a.label - b.label).slice(0, k);
  };

  return {
    catchUp,
    position: async () => position,
    search: (query, k, allow) => {
      const { phrases, words } = readQuery(query);
      return find([...words.map((word) => [word]), ...phrases], k, allow);
    },
    phrases: (query, k, allow) => find(readQuery(query).phrases, k, allow),
  };
}

function occurrences(words: readonly string[], term: readonly string[]): number {
  let count = 0;
  for (let i = 0; i + term.length <= words.length; i++) if (term.every((word, j) => words[i + j] === word)) count++;
  return count;
}

function weight(count: number, found: number, total: number, relativeLength: number): number {
  const idf = Math.max(1e-6, Math.log((total - found + 0.5) / (found + 0.5)));
  return (idf * count * 2.2) / (count + 1.2 * (0.25 + 0.75 * relativeLength));
}
