import type { Condition, Fact, MetadataTest } from '@cosmicembeddings/sdk/metadata';
import type { Database, Statement, Value } from './driver.js';
import { ROWS_EACH, type PackedHolding } from './holding.js';
import { metaOf } from './meta.js';

/**
 * What filters ask of rows, as postings: a list has one for each element and one of type LIST. `row` −1 is the whole block.
 * `row_numbers` are 0 to the most rows of a block: SQL has no other way to speak of each.
 */
export const FACTS_SCHEMA = `
CREATE TABLE facts (key INTEGER NOT NULL, type INTEGER NOT NULL, value NOT NULL, block INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, type, value, block, row)) WITHOUT ROWID;
CREATE INDEX facts_block ON facts (block, key, row);
CREATE TABLE row_numbers (n INTEGER PRIMARY KEY);
WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n < 1023) INSERT INTO row_numbers SELECT n FROM count;`;

const NULL = 0;
const BOOLEAN = 1;
const NUMBER = 2;
export const TEXT = 3;
const LIST = 4;
const TYPES = { null: NULL, boolean: BOOLEAN, number: NUMBER, text: TEXT, list: LIST } as const;

type Posting = readonly [type: number, value: Value];

function postingOf(value: string | number | boolean | null): Posting {
  if (value === null) return [NULL, 0];
  if (typeof value === 'boolean') return [BOOLEAN, value ? 1 : 0];
  return typeof value === 'number' ? [NUMBER, value] : [TEXT, value];
}

/** False in a store of version 4 or less that is only read. */
export function hasFacts(database: Database): boolean {
  return Number(metaOf(database, 'version')) >= 5;
}

export class FactWriter {
  private readonly add: Statement;
  private readonly drop: Statement;
  private readonly keys: Statement;

  constructor(database: Database) {
    this.add = database.prepare('INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?)');
    this.drop = database.prepare('DELETE FROM facts WHERE block = ?');
    this.keys = database.prepare('SELECT DISTINCT key FROM facts WHERE block = ?');
  }

  write(block: number, facts: readonly Fact[], nameId: (name: string) => number): void {
    for (const { key, row, value } of facts) {
      const id = nameId(key);
      const postings = Array.isArray(value)
        ? [[LIST, 0] as const, ...(value as readonly (string | number | boolean)[]).map(postingOf)]
        : [postingOf(value as string | number | boolean | null)];
      for (const [type, one] of postings) this.add.run(id, type, one, block, row);
    }
  }

  /** The numbers of the keys that the block had values of. */
  erase(block: number): number[] {
    const keys = this.keys.all(block).map((row) => row['key'] as number);
    if (keys.length > 0) this.drop.run(block);
    return keys;
  }
}

/** What a condition names, looked up before it becomes SQL. */
export interface LookUp {
  /** The number of a name; of an unknown one, a number that no name has. */
  nameId(name: string): number;
  /** Rows whose texts hold one of the texts that the filter asks for. */
  holding(part: string): PackedHolding;
}

/** SQL over `blocks b`, with the parameters in their order. */
export type Part = readonly [sql: string, ...values: Value[]];

/** Facts that are columns of the block. */
export const COLUMNS = new Set(['#author', '#kind', '#tag', '#time']);

/** Blocks with at least one row that passes; a block without rows counts as one row. */
export function blocksPassing(condition: Condition, lookUp: LookUp): Part {
  const [sql, ...values] = rowPart(condition, lookUp);
  const drivers = needed(condition).map((test) => blocksOf(test, lookUp));
  return [
    [
      ...drivers.map(([driver]) => driver),
      `EXISTS (SELECT 1 FROM row_numbers r WHERE r.n < max(1, b.row_count) AND ${sql})`,
    ].join(' AND '),
    ...drivers.flatMap(([, ...more]) => more),
    ...values,
  ];
}

export type KeyCondition = Extract<Condition, { readonly node: 'key' }>;

/** Tests that every passing row passes and that an index answers: where to begin. */
function needed(condition: Condition): KeyCondition[] {
  if (condition.node === 'and') return condition.of.flatMap(needed);
  if (condition.node !== 'key' || COLUMNS.has(condition.key)) return [];
  if (condition.key === '#text') return [condition];
  return condition.test.test === 'eq' && condition.test.values.length > 0 ? [condition] : [];
}

function blocksOf(condition: KeyCondition, { nameId, holding }: LookUp): Part {
  if (condition.key === '#text')
    return [`b.id IN (SELECT value / ${ROWS_EACH} FROM json_each(?))`, holding(textOf(condition)).rows];
  const [sql, ...values] = postings(condition.test);
  return [`b.id IN (SELECT block FROM facts f WHERE f.key = ? AND ${sql})`, nameId(condition.key), ...values];
}

/** A condition on row `r.n` of block `b`. */
export function rowPart(condition: Condition, lookUp: LookUp): Part {
  switch (condition.node) {
    case 'and':
    case 'or': {
      const parts = condition.of.map((one) => rowPart(one, lookUp));
      if (parts.length === 0) return ['1'];
      return [
        `(${parts.map(([sql]) => sql).join(condition.node === 'and' ? ' AND ' : ' OR ')})`,
        ...parts.flatMap(([, ...values]) => values),
      ];
    }
    case 'not': {
      const [sql, ...values] = rowPart(condition.of, lookUp);
      return [`NOT ${sql}`, ...values];
    }
    case 'key':
      if (condition.key === '#text')
        return [
          `(b.id * ${ROWS_EACH} + r.n) IN (SELECT value FROM json_each(?))`,
          lookUp.holding(textOf(condition)).rows,
        ];
      return COLUMNS.has(condition.key)
        ? columnPart(condition.key, condition.test, lookUp.nameId)
        : factPart(condition, lookUp);
  }
}

/** All that can be asked of a text is what it holds (`readWhere`). */
export function textOf({ test }: KeyCondition): string {
  return test.test === 'contains' ? String(test.value) : '';
}

function factPart({ key, test }: KeyCondition, { nameId }: LookUp): Part {
  const of = (part: Part): Part => [
    `EXISTS (SELECT 1 FROM facts f WHERE f.block = b.id AND f.key = ? AND f.row IN (-1, r.n) AND ${part[0]})`,
    nameId(key),
    ...(part.slice(1) as Value[]),
  ];
  const both = (a: Part, b: Part, sign = ''): Part => [
    `(${a[0]} AND ${sign}${b[0]})`,
    ...(a.slice(1) as Value[]),
    ...(b.slice(1) as Value[]),
  ];
  const list = of([`f.type = ${LIST}`]);
  if (test.test === 'contains') return both(of(postings(test)), list);
  if (test.test === 'type' && test.type !== 'list') return both(of(postings(test)), list, 'NOT ');
  return of(postings(test));
}

/** What a posting `f` of the key must be. */
export function postings(test: MetadataTest): Part {
  switch (test.test) {
    case 'exists':
      return ['1'];
    case 'type':
      return [`f.type = ${TYPES[test.type]}`];
    case 'contains':
      return among([test.value]);
    case 'eq':
      return among(test.values);
    default: {
      const [type, value] = postingOf(test.than);
      return [`f.type = ${type} AND f.value ${SIGNS[test.test]} ?`, value];
    }
  }
}

const SIGNS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

function among(values: readonly (string | number | boolean | null)[]): Part {
  const groups = new Map<number, Value[]>();
  for (const [type, value] of values.map(postingOf)) groups.set(type, [...(groups.get(type) ?? []), value]);
  if (groups.size === 0) return ['0'];
  const parts = [...groups].map(
    ([type, list]) => `(f.type = ${type} AND f.value IN (${list.map(() => '?').join(', ')}))`,
  );
  return [`(${parts.join(' OR ')})`, ...[...groups.values()].flat()];
}

export function columnPart(key: string, test: MetadataTest, nameId: (name: string) => number): Part {
  const texts = (test.test === 'eq' ? test.values : []).filter((value) => typeof value === 'string');
  if (key === '#time') return timePart(test);
  if (test.test === 'exists') return [key === '#tag' ? 'EXISTS (SELECT 1 FROM tags t WHERE t.block = b.id)' : '1'];
  if (test.test === 'type')
    return key === '#tag' ? [test.type === 'list' ? '1' : '0'] : [test.type === 'text' ? '1' : '0'];
  const name = key === '#tag' ? 'SELECT n.name FROM tags t JOIN names n ON n.id = t.tag WHERE t.block = b.id' : '';
  if (key === '#tag') {
    const value = test.test === 'contains' ? [test.value].filter((one) => typeof one === 'string') : texts;
    if (test.test === 'eq' || test.test === 'contains')
      return [
        `EXISTS (SELECT 1 FROM tags t WHERE t.block = b.id AND t.tag IN (${value.map(() => '?').join(', ')}))`,
        ...value.map(nameId),
      ];
    return typeof test.than === 'string' ? [`EXISTS (${name} AND n.name ${SIGNS[test.test]} ?)`, test.than] : ['0'];
  }
  const column = key === '#author' ? 'b.author' : 'b.kind';
  if (test.test === 'contains') return ['0'];
  if (test.test === 'eq') return [`${column} IN (${texts.map(() => '?').join(', ')})`, ...texts.map(nameId)];
  return typeof test.than === 'string'
    ? [`(SELECT n.name FROM names n WHERE n.id = ${column}) ${SIGNS[test.test]} ?`, test.than]
    : ['0'];
}

function timePart(test: MetadataTest): Part {
  switch (test.test) {
    case 'exists':
      return ['1'];
    case 'type':
      return [test.type === 'number' ? '1' : '0'];
    case 'contains':
      return ['0'];
    case 'eq': {
      const numbers = test.values.filter((value) => typeof value === 'number');
      return [`b.time IN (${numbers.map(() => '?').join(', ')})`, ...numbers];
    }
    default:
      return typeof test.than === 'number' ? [`b.time ${SIGNS[test.test]} ?`, test.than] : ['0'];
  }
}
