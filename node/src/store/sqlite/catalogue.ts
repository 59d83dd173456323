import {
  fromHex,
  toHex,
  type BlockId,
  type Catalogue,
  type CatalogueCounts,
  type Head,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { pageKey, readPageKey, testsOf, type Page, type Test } from '@cosmicembeddings/sdk/filter';
import { textsAsked } from '@cosmicembeddings/sdk/metadata';
import { isDamage, reading, type Database, type Row, type Statement, type Value } from './driver.js';
import { BARE_COLUMNS, blockOf, bytesOf, digestOf, idOf } from './rows.js';
import { both, firstBits, rowsPassing } from './fact-bits.js';
import type { LookUp } from './facts.js';
import { conditionOf, type Condition } from './condition.js';
import type { PackedHolding } from './holding.js';
import { findByDigest } from './ids.js';
import { LabelBits } from './label-bits.js';
import type { StoreReader } from './reader.js';

/** No name has this number. */
const NOWHERE = -1;
/** Authors whose blocks are counted once between two changes of the store. */
const AUTHORS_MAX = 10_000;
/** Of a block that everybody links to, the first are answered. */
const LINKING_MAX = 10_000;

/**
 * Questions about the store's blocks, answered by its indexes on the reader's connection. `holding`: rows whose texts hold a
 * text, as of now.
 */
export function createCatalogue(
  reader: StoreReader,
  head: () => Pick<Head, 'epoch' | 'seq' | 'labels'>,
  holding: (part: string) => Promise<PackedHolding>,
): Catalogue {
  const { database, names } = reader;
  const prepared = new Map<string, Statement>();
  const all = (sql: string, values: readonly Value[]): Row[] => {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      if (prepared.size > 200) prepared.clear();
      prepared.set(sql, statement);
    }
    return statement.all(...values);
  };
  const byDigest = findByDigest(database, BARE_COLUMNS);
  const bits = new LabelBits({ all, head });
  /** Tallies change with the store alone: between two changes they are read once. */
  let tallied: { readonly at: string; counts?: CatalogueCounts; readonly by: Map<string, number> } = {
    at: '',
    by: new Map(),
  };
  const tallies = (): typeof tallied => {
    const { epoch, seq } = head();
    const at = `${epoch} ${seq}`;
    if (tallied.at !== at) tallied = { at, by: new Map() };
    return tallied;
  };
  const nameId = (name: string): number => names.id(name) ?? NOWHERE;
  /** Texts are looked through before anything else is asked; what arrives meanwhile is as if it came later. */
  const lookUpOf = async (tests: readonly Test[]): Promise<LookUp & { readonly found: readonly PackedHolding[] }> => {
    const parts = [...new Set(tests.flatMap((test) => (test.test === 'where' ? textsAsked(test.condition) : [])))];
    const found = await Promise.all(parts.map(holding));
    return { nameId, holding: (part) => found[parts.indexOf(part)]!, found };
  };
  const ids = (rows: readonly Row[]): BlockId[] => rows.map((row) => idOf(row['python'] === 1, bytesOf(row['digest'])));

  /** A damaged block is left out; asked for by its id, it says so. */
  const soundOrNone = (row: Row): StoredBlock | undefined => {
    try {
      return blockOf(row, names);
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  };

  return {
    find: async (filter, page) => {
      const tests = testsOf(filter);
      const lookUp = await lookUpOf(tests);
      const { where, values } = conditionOf(tests, lookUp);
      const [upTo] = lookUp.found.map(({ seq }) => seq).sort((a, b) => a - b);
      const known = upTo === undefined ? '' : ` AND b.seq <= ${upTo}`;
      return findPage({ where: where + known, values }, page, all);
    },
    labels: async (filter) => {
      const tests = testsOf(filter);
      const lookUp = await lookUpOf(tests);
      const { where, values } = conditionOf(
        tests.filter(({ test }) => test !== 'where'),
        lookUp,
      );
      const passing = tests.reduce(
        (found, test) => (test.test === 'where' ? both(found, rowsPassing(test.condition, bits, lookUp)) : found),
        bits.of(where, values),
      );
      return lookUp.found.reduce((found, { labels }) => firstBits(found, labels), passing);
    },
    blocksOf: async (labels) => reader.placesOf(labels),
    entriesOf: async (ids) =>
      atOnce(database, ids, (id) => {
        const named = digestOf(id);
        const row = named === undefined ? undefined : byDigest(named.digest);
        if (row === undefined || (row['python'] === 1) !== named!.python) return undefined;
        const block = soundOrNone(row);
        if (block === undefined) return undefined;
        const { envelope: _envelope, body: _body, ...entry } = block;
        return entry;
      }),
    linksTo: async (id) => {
      const target = digestOf(id);
      if (target === undefined) return [];
      return all(
        'SELECT b.digest, b.python, n.name AS rel FROM links l JOIN blocks b ON b.id = l.block JOIN names n ON n.id = l.rel WHERE l.target = ? ORDER BY b.seq LIMIT ?',
        [target.digest, LINKING_MAX],
      ).map((row) => ({
        id: idOf(row['python'] === 1, bytesOf(row['digest'])),
        rel: row['rel'] as string,
      }));
    },
    aliases: async (alias) =>
      ids(
        all(
          'SELECT b.digest, b.python FROM aliases a JOIN blocks b ON b.id = a.block WHERE a.alias = ? ORDER BY b.seq',
          [alias],
        ),
      ),
    knownSince: async (author) => {
      const id = names.id(author);
      if (id === undefined) return undefined;
      const [seen] = all(
        `SELECT min(first_seen) AS ms FROM (
          SELECT * FROM (SELECT first_seen FROM blocks WHERE author = ? ORDER BY time LIMIT 1)
          UNION ALL SELECT * FROM (SELECT first_seen FROM blocks WHERE author = ? ORDER BY time DESC LIMIT 1))`,
        [id, id],
      );
      return (seen?.['ms'] as number | null | undefined) ?? undefined;
    },
    blocksBy: async (author) => {
      const { by } = tallies();
      const known = by.get(author);
      if (known !== undefined) return known;
      const id = names.id(author);
      if (id === undefined) return 0;
      const [tally] = all('SELECT n FROM tallies WHERE what = ? AND id = ?', ['author', id]);
      const n = (tally?.['n'] as number | undefined) ?? 0;
      if (by.size < AUTHORS_MAX) by.set(author, n);
      return n;
    },
    counts: async () => (tallies().counts ??= countsOf(all, names)),
  };
}

function findPage(
  { where, values }: Condition,
  { limit, after, order = 'newest' }: Page,
  all: (sql: string, values: readonly Value[]) => Row[],
): { ids: BlockId[]; next?: string } {
  const start = after === undefined ? undefined : readPageKey(after);
  const sign = order === 'newest' ? '<' : '>';
  const direction = order === 'newest' ? 'DESC' : 'ASC';
  const from = start === undefined ? '' : ` AND (b.time, b.digest) ${sign} (?, ?)`;
  const size = Math.max(0, limit);
  const rows = all(
    `SELECT b.digest, b.python, b.time FROM blocks b WHERE 1${where}${from} ORDER BY b.time ${direction}, b.digest ${direction} LIMIT ?`,
    [...values, ...(start === undefined ? [] : [start.timeMs, fromHex(start.digest)]), size + 1],
  );
  const page = rows.slice(0, size);
  const last = page.at(-1);
  return {
    ids: page.map((row) => idOf(row['python'] === 1, bytesOf(row['digest']))),
    ...(last !== undefined && rows.length > page.length
      ? { next: pageKey({ timeMs: last['time'] as number, digest: toHex(bytesOf(last['digest'])) }) }
      : {}),
  };
}

/** As `map`, in one read transaction. */
function atOnce<A, B>(database: Database, items: readonly A[], each: (item: A) => B): B[] {
  if (items.length < 2) return items.map(each);
  return reading(database, () => items.map(each));
}

/** From the tallies that each transaction keeps, so that a count never walks over the blocks. */
function countsOf(all: (sql: string, values: readonly Value[]) => Row[], names: StoreReader['names']): CatalogueCounts {
  const tallies = all('SELECT what, id, n FROM tallies WHERE what <> ? AND n > 0', ['author']) as {
    what: string;
    id: number;
    n: number;
  }[];
  const kinds = tallies.filter(({ what }) => what === 'kind');
  const spaces = tallies.flatMap(({ what, id, n }) => {
    const space = what === 'space' ? names.space(id) : undefined;
    return space === undefined ? [] : [{ id: names.name(id), rows: n, space }];
  });
  const [authors] = all('SELECT count(*) AS n FROM tallies WHERE what = ?', ['author']) as { n: number }[];
  return {
    blocks: kinds.reduce((sum, { n }) => sum + n, 0),
    rows: spaces.reduce((sum, { rows }) => sum + rows, 0),
    authors: authors!.n,
    kinds: Object.fromEntries(kinds.map(({ id, n }) => [names.name(id), n])),
    spaces,
  };
}
