import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { wordsIn } from '@cosmicembeddings/sdk/words';
import { openDatabase, loadableEngines, type Database } from '../../../src/store/sqlite/driver.js';
import { Cutter, stem, WordIndex } from '../../../src/index/words/index.js';
import { idOf } from '../../../src/store/sqlite/rows.js';
import { matchesOf, termsOf } from '../../../src/index/words/full-text-match.js';
import { WordFollower } from '../../../src/index/words/word-follower.js';

const cutter = new Cutter();
const bm25 = { k1: 1.2, b: 0.75 };
const texts = [
  'The night sky above the observatory',
  'The sky at night, nightly',
  'Bread, baked in the oven; baking breads',
  'A relational national organisation of rationally motivated happy ponies',
  'Naïve cafés of São Paulo and Ærøskøbing: 1910, x86, C3PO',
  'hopping hoped falling hissing fizzed failing filing conflated troubled sized controlling rolled',
  'replacement adjustment dependent adoption communism activate angularity homologous effective bowdlerize',
];

const digestFor = (key: number): Uint8Array => new Uint8Array(32).fill(key);

function fullText(database: Database): void {
  database.exec(`CREATE TABLE documents (id INTEGER PRIMARY KEY, label INTEGER NOT NULL, digest BLOB NOT NULL, python INTEGER NOT NULL);
    CREATE VIRTUAL TABLE passages USING fts5 (heading, body, also, content = '', contentless_delete = 1, tokenize = 'ascii')`);
}

function insert(database: Database, key: number, heading: string, body: string): void {
  database.prepare('INSERT INTO documents VALUES (?, ?, ?, 0)').run(key, key - 1, digestFor(key));
  const terms = cutter.text(heading, body);
  database
    .prepare('INSERT INTO passages (rowid, heading, body, also) VALUES (?, ?, ?, ?)')
    .run(key, terms.heading.join(' '), terms.body.join(' '), terms.also.join(' '));
}

const engine = loadableEngines()[0]!;

test('words are cut and stemmed as the full-text table does it', () => {
  const database = openDatabase(engine, ':memory:');
  database.exec(
    `CREATE VIRTUAL TABLE t USING fts5 (x, tokenize = 'porter unicode61 remove_diacritics 2'); CREATE VIRTUAL TABLE v USING fts5vocab (t, 'instance')`,
  );
  const shared = join(process.cwd(), '..', 'shared', 'data', 'ir', 'cranfield', 'corpus.jsonl');
  if (!existsSync(shared)) process.stderr.write('skipped in part: ../shared/data/ir is absent\n');
  const more = existsSync(shared)
    ? readFileSync(shared, 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { text: string }).text)
    : [];
  const words = [
    ...new Set([...texts, ...more, 'ies ties y by say sky eed feed agreed ing sing being as gas'].flatMap(wordsIn)),
  ];
  words.forEach((word, i) => database.prepare('INSERT INTO t (rowid, x) VALUES (?, ?)').run(i + 1, word));
  const theirs = new Map(
    database
      .prepare('SELECT doc, term FROM v')
      .all()
      .map((row) => [row['doc'], row['term']]),
  );
  expect(words.filter((word, i) => theirs.get(i + 1) !== stem(word))).toEqual([]);
  database.close();
});

test('scores are those of FTS5 with headings counted twice, whether added or loaded from the table', () => {
  const database = openDatabase(engine, ':memory:');
  fullText(database);
  const added = new WordIndex(cutter);
  texts.forEach((text, i) => {
    const heading = i % 2 === 0 ? 'On nights and bread' : '';
    insert(database, i + 1, heading, text);
    added.add(i + 1, i, idOf(false, digestFor(i + 1)), cutter.text(heading, text));
  });
  const loaded = new WordFollower(database, cutter);
  expect(loaded.search('night', { k: 1, bm25 })).toBeUndefined();
  while (loaded.load());
  for (const query of [
    'night',
    'sky bread',
    'baking at night',
    'sao cafe',
    'São cafés',
    'organisation',
    'nothing here',
  ]) {
    const counted = termsOf(cutter.ask(query), 'all').map((words) => ({ term: words.join(' '), texts: 1 }));
    const [{ match }] = matchesOf(counted, 100) as [{ match: string }];
    const theirs = database
      .prepare(
        'SELECT rowid - 1 AS label, -bm25(passages, 2.0, 1.0, 0.25) AS score FROM passages WHERE passages MATCH ? ORDER BY score DESC, rowid',
      )
      .all(match);
    for (const answer of [added.search(query, { k: 10, bm25 }), loaded.search(query, { k: 10, bm25 })!]) {
      expect(answer.hits.map(({ label }) => label)).toEqual(theirs.map((row) => row['label']));
      answer.hits.forEach(({ score }, i) => expect(score).toBeCloseTo(theirs[i]!['score'] as number, 5));
    }
  }
  database.close();
});

test('what is asked for besides the hits has its score, its silence or NaN; the scale is that of all texts', () => {
  const index = new WordIndex(cutter);
  texts.forEach((text, i) => index.add(i + 1, 2 * i, '', cutter.text('', text)));
  const { hits, also, scale } = index.search('sky', { k: 1, also: Uint32Array.of(0, 2, 4, 5, 900), bm25 });
  expect(hits).toHaveLength(1);
  expect(also[0]).toBeGreaterThan(0);
  expect(also[1]).toBeGreaterThan(0);
  expect([...also.slice(2)]).toEqual([0, NaN, NaN]);
  expect(scale.n).toBe(texts.length);
  expect(scale.mean).toBeCloseTo((also[0]! + also[1]!) / texts.length, 6);
  expect(index.search('sky', { k: 0, bm25 }).hits).toEqual([]);
});

test('a bitset keeps hits out; removed texts are gone and their keys can come again', () => {
  const index = new WordIndex(cutter);
  texts.forEach((text, i) => index.add(i + 1, i, '', cutter.text('', text)));
  index.add(100, -1, 'id-note', cutter.text('', 'a note on the sky'));
  const found = (allow?: Uint8Array): number[] =>
    index
      .search('sky', { k: 10, bm25, ...(allow === undefined ? {} : { allow }) })
      .hits.map(({ label }) => label)
      .sort();
  expect(found()).toEqual([-1, 0, 1]);
  expect(index.search('note', { k: 1, bm25 }).hits[0]).toMatchObject({ label: -1, id: 'id-note' });
  expect(found(Uint8Array.of(0b10))).toEqual([1]);
  index.remove(2);
  expect(found()).toEqual([-1, 0]);
  index.add(2, 50, '', cutter.text('', 'something about bread'));
  expect(found()).toEqual([-1, 0]);
  expect(
    index
      .search('bread', { k: 10, bm25 })
      .hits.map(({ label }) => label)
      .sort((a, b) => a - b),
  ).toEqual([2, 50]);
  expect(index.size).toBe(texts.length + 1);
});

test('in a large ledger usual words refine what telling ones have found', () => {
  const index = new WordIndex(cutter);
  for (let i = 0; i < 25_000; i++)
    index.add(i + 1, i, '', cutter.text('', `usual word${i % 500}${i % 3 === 0 ? ' also common' : ' else plain'}`));
  const { hits } = index.search('usual common word7', { k: 10, bm25 });
  expect(hits).toHaveLength(10);
  for (const { label } of hits) expect([label % 500, label % 3]).toEqual([7, 0]);
  expect(index.search('usual', { k: 5, bm25 }).hits).toHaveLength(5);
  // Where all are usual, the rarest finds and the others refine.
  const all = index.search('usual common', { k: 5, bm25 }).hits;
  expect(all).toHaveLength(5);
  for (const { label } of all) expect(label % 3).toBe(0);
});

test('changes during the loading are not lost', () => {
  const database = openDatabase(engine, ':memory:');
  fullText(database);
  texts.forEach((text, i) => insert(database, i + 1, '', text));
  const follower = new WordFollower(database, cutter);
  follower.begin();
  follower.note({ key: 1 });
  database.prepare('DELETE FROM documents WHERE id = ?').run(1);
  follower.note({ key: 8, label: 7, id: 'id-8', terms: cutter.text('', 'a late sky') });
  insert(database, 8, '', 'a late sky');
  follower.commit();
  while (follower.load());
  const labels = (): number[] =>
    follower
      .search('sky', { k: 10, bm25 })!
      .hits.map(({ label }) => label)
      .sort();
  expect(labels()).toEqual([1, 7]);
  follower.begin();
  follower.note({ key: 8 });
  follower.commit();
  expect(labels()).toEqual([1]);
  // A batch that was rolled back was never committed here either.
  follower.begin();
  follower.note({ key: 9, label: 8, id: 'id-9', terms: cutter.text('', 'sky') });
  follower.begin();
  follower.commit();
  expect(labels()).toEqual([1]);
  database.close();
});
