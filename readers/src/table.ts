import { parse } from 'csv-parse/sync';
import { counted, hasWords, oneLine, ReadError, type Part, type ReadDocument, type ReadOptions } from './document.js';
import { decode } from './text.js';

/** RFC 4180, `,` or `;` or tab between values (whichever the first line has most of); the first row names the columns. */
export function readTable(bytes: Uint8Array, name: string, { columns }: ReadOptions): ReadDocument {
  const text = decode(bytes);
  let rows: string[][];
  try {
    rows = parse(text, {
      bom: true,
      delimiter: delimiterOf(text, name),
      relax_column_count: true,
      skip_empty_lines: false,
    });
  } catch (cause) {
    throw new ReadError('read.malformed', `no table that can be read: ${(cause as Error).message}`, { cause });
  }
  const names = (rows[0] ?? []).map(oneLine);
  const records = rows.slice(1);
  const chosen =
    columns === undefined ? wordColumns(records, names.length) : columns.map((column) => indexOf(names, column));
  let empty = 0;
  const parts: Part[] = [];
  for (const [i, record] of records.entries()) {
    const value = textOf(chosen.map((column) => [names[column] ?? '', record[column] ?? ''] as const));
    if (hasWords(value)) parts.push({ text: value, at: `row=${i + 2}` });
    else if (record.some((cell) => cell.trim() !== '')) empty++;
  }
  const unread = names.filter((_, i) => !chosen.includes(i));
  return {
    format: 'table',
    parts,
    left: [
      ...(unread.length === 0 ? [] : [`columns without words or not asked for: ${unread.join(', ')}`]),
      ...counted(empty, 'row without words in those columns', 'rows without words in those columns'),
    ],
  };
}

/** An object a line (JSON Lines); `columns` may be paths into it, `author.name`. */
export function readJsonLines(bytes: Uint8Array, _name: string, { columns }: ReadOptions): ReadDocument {
  const lines = decode(bytes)
    .replace(/^\uFEFF/, '')
    .split('\n');
  const parts: Part[] = [];
  const missing = new Set(columns);
  let empty = 0;
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw new ReadError('read.malformed', `line ${i + 1} is no JSON: ${(cause as Error).message}`, { cause });
    }
    const named = columns === undefined ? stringsOf(value) : columns.map((path) => [path, at(value, path)] as const);
    for (const [path, found] of named) if (found !== undefined) missing.delete(path);
    const text = textOf(
      named.map(
        ([path, found]) =>
          [
            path,
            typeof found === 'string' ? found : found === undefined || found === null ? '' : JSON.stringify(found),
          ] as const,
      ),
    );
    if (hasWords(text)) parts.push({ text, at: `line=${i},${i + 1}` });
    else empty++;
  }
  if (missing.size > 0)
    throw new ReadError('read.column', `no line has ${[...missing].map((one) => `"${one}"`).join(', ')}`);
  return { format: 'JSON Lines', parts, left: counted(empty, 'line without words', 'lines without words') };
}

/** One value is the text itself; several have their names before them. */
function textOf(values: readonly (readonly [string, string])[]): string {
  const filled = values.map(([name, value]) => [name, value.trim()] as const).filter(([, value]) => value !== '');
  if (values.length === 1) return filled[0]?.[1] ?? '';
  return filled.map(([name, value]) => (name === '' ? value : `${name}: ${value}`)).join('\n');
}

function delimiterOf(text: string, name: string): string {
  if (/\.tsv$/i.test(name)) return '\t';
  const line = text.slice(0, text.indexOf('\n') + 1 || undefined);
  const count = (character: string): number => line.split(character).length;
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best));
}

function indexOf(names: readonly string[], column: string): number {
  const index = names.indexOf(column);
  if (index < 0) throw new ReadError('read.column', `no column "${column}"; there are: ${names.join(', ')}`);
  return index;
}

/** Columns where most of what is filled in holds letters: not numbers, not dates, not addresses. */
function wordColumns(records: readonly string[][], count: number): number[] {
  const isWordy = (value: string): boolean =>
    /\p{L}{2}/u.test(value) && !/^(?:\S+@\S+|https?:\S+|[0-9a-f-]{16,}|\d{4}-\d\d-\d\d\S*)$/iu.test(value.trim());
  return Array.from({ length: count }, (_, i) => i).filter((i) => {
    const filled = records.map((record) => record[i] ?? '').filter((value) => value.trim() !== '');
    return filled.length > 0 && filled.filter(isWordy).length > filled.length / 2;
  });
}

/** Every string in a value with the path to it, in order. */
function stringsOf(value: unknown, path = '', depth = 0): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null || depth > 20) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    stringsOf(inner, path === '' ? key : `${path}.${key}`, depth + 1),
  );
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
          ? (inner as Record<string, unknown>)[key]
          : undefined,
      value,
    );
}
