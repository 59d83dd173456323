import { codePoints, openModel, tableOf, type Opened, type Table, type TableHeader } from '../static/file.js';
import { multilingualModel, multilingualSpace } from './space.js';

/** The model file (specs/embedder-multilingual.md), read once. */
export interface Model extends Table {
  /** Characters without their accents. */
  readonly plain: ReadonlyMap<number, string>;
  /** Rows with accents by their name without; of several the first in byte order. */
  readonly accented: ReadonlyMap<string, number>;
}

interface Header extends TableHeader {
  readonly plain: Readonly<Record<string, string>>;
}

/** Its bytes checked, nothing read yet. @throws CosmicError embedder.unavailable when the bytes are no such file */
export function openFile(bytes: Uint8Array): Opened<Header> {
  return openModel<Header>(bytes, { model: multilingualSpace.model, magic: 'CEMULT01', ...multilingualModel });
}

export function modelOf(opened: Opened<Header>): Model {
  const table = tableOf(opened);
  const plain = codePoints(opened.header.plain);
  const accented = new Map<string, number>();
  for (const [name, row] of table.rowOf) {
    if (name.startsWith('##')) continue;
    const bare = plainOf(name, plain);
    if (bare !== name && !table.rowOf.has(bare) && !accented.has(bare)) accented.set(bare, row);
  }
  return { ...table, plain, accented };
}

/** A word without accents. */
export function plainOf(word: string, plain: ReadonlyMap<number, string>): string {
  let out = '';
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    out += code < 0x80 ? word[i]! : (plain.get(code) ?? word[i]!);
  }
  return out;
}

/** A word as rows: itself; else the row that is the same with accents; else pieces. */
export function rowsOf(word: string, model: Pick<Model, 'rowOf' | 'accented'>): readonly number[] {
  const row = model.rowOf.get(word) ?? model.accented.get(word);
  return row === undefined ? piecesOf(word, model.rowOf) : [row];
}

/** Inside a word a whole word is a piece only from this length on; shorter ones are `##` rows. */
const INNER_WORD_LETTERS = 4;

/** Latin letters alone are cut: greedily the longest beginning, then the longest `##` piece or word of four letters and more. */
function piecesOf(word: string, rowOf: ReadonlyMap<string, number>): number[] {
  if (!/^[a-z\u00c0-\u024f]+$/.test(word)) return [];
  const rows: number[] = [];
  let at = 0;
  while (at < word.length) {
    let end = word.length;
    let row: number | undefined;
    for (; end > at; end--) {
      const part = word.slice(at, end);
      row = at === 0 ? rowOf.get(part) : rowOf.get(`##${part}`);
      if (row === undefined && at > 0 && part.length >= INNER_WORD_LETTERS) row = rowOf.get(part);
      if (row !== undefined) break;
    }
    if (row === undefined) return [];
    rows.push(row);
    at = end;
  }
  return rows;
}
