import { openModel, tableOf, type Opened, type Table, type TableHeader } from '../static/file.js';
import { englishModel, englishSpace } from './space.js';

/** The model file (specs/embedder.md), read once. */
export interface Model extends Table {
  readonly flags: Uint8Array;
  readonly exceptions: ReadonlyMap<string, string>;
}

interface Header extends TableHeader {
  readonly exceptions: Readonly<Record<string, string>>;
}

/** Its bytes checked, nothing read yet. @throws CosmicError embedder.unavailable when the bytes are no such file */
export function openFile(bytes: Uint8Array): Opened<Header> {
  return openModel<Header>(bytes, { model: englishSpace.model, magic: 'CEENGL01', ...englishModel });
}

export function modelOf(opened: Opened<Header>): Model {
  return {
    ...tableOf(opened),
    flags: opened.section('flags'),
    exceptions: new Map(Object.entries(opened.header.exceptions)),
  };
}

/** An alphabetic word outside the table as rows of it: greedily the longest beginning, then the longest `##` pieces. */
export function piecesOf(word: string, rowOf: ReadonlyMap<string, number>): number[] {
  if (!/^[a-z]+$/.test(word)) return [];
  const rows: number[] = [];
  let at = 0;
  while (at < word.length) {
    let end = word.length;
    let row: number | undefined;
    for (; end > at; end--) {
      row = rowOf.get(at === 0 ? word.slice(0, end) : `##${word.slice(at, end)}`);
      if (row !== undefined) break;
    }
    if (row === undefined) return [];
    rows.push(row);
    at = end;
  }
  return rows;
}
