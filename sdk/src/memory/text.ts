import { contentOf } from '../formats/index.js';
import type { BlockId } from '../block/types.js';
import type { Registry } from '../kinds/registry.js';
import type { BlockStore, Cursor, TextHit, TextIndex } from '../ports/index.js';
import { hasBit } from './vectors.js';

interface Passage {
  readonly id: BlockId;
  readonly label: number;
  /** Words of heading and text, in order. */
  readonly words: readonly string[];
}

/** Required phrases and wanted words of a free text: what is quoted must occur, of the rest at least one word. */
export interface WordQuery {
  readonly phrases: readonly (readonly string[])[];
  readonly words: readonly string[];
}

/** Letters and digits, lower case, without diacritics. */
export function wordsIn(text: string): string[] {
  return (
    text
      .normalize('NFD')
      .replace(/\p{M}+/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** Reads what people type; any input is a query, an unclosed quote is none. */
export function readQuery(query: string): WordQuery {
  const phrases: string[][] = [];
  const rest = query.replace(/"([^"]*)"/g, (_, quoted: string) => {
    const words = wordsIn(quoted);
    if (words.length > 0) phrases.push(words);
    return ' ';
  });
  return { phrases, words: [...new Set(wordsIn(rest))] };
}

/** Full-text search over a store's passages, scored by Okapi BM25 (k1 1.2, b 0.75); without stemming. */
export function createMemoryText(
  store: BlockStore,
  registry: Registry,
): TextIndex & { catchUp(deadlineMs: number): Promise<Cursor> } {
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

  return {
    catchUp,
    position: async () => position,
    search: async (query, k, allow) => {
      await catchUp();
      const passages = [...byBlock.values()].flat();
      const { phrases, words } = readQuery(query);
      const terms = [...phrases, ...words.map((word) => [word])];
      if (k <= 0 || terms.length === 0) return [];
      const counts = passages.map((passage) => terms.map((term) => occurrences(passage.words, term)));
      const found = terms.map((_, t) => counts.reduce((sum, row) => sum + (row[t]! > 0 ? 1 : 0), 0));
      const mean = passages.reduce((sum, { words: own }) => sum + own.length, 0) / Math.max(1, passages.length);
      const hits: TextHit[] = [];
      passages.forEach((passage, i) => {
        const row = counts[i]!;
        const wanted = words.length === 0 || row.slice(phrases.length).some((count) => count > 0);
        if (!wanted || row.slice(0, phrases.length).some((count) => count === 0)) return;
        if (allow !== undefined && (passage.label < 0 || !hasBit(allow, passage.label))) return;
        const score = row.reduce(
          (sum, count, t) => sum + weight(count, found[t]!, passages.length, passage.words.length / mean),
          0,
        );
        hits.push({ id: passage.id, label: passage.label, score });
      });
      return hits.sort((a, b) => b.score - a.score || a.label - b.label).slice(0, k);
    },
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
