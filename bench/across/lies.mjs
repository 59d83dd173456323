/**
 * Are spaces that lie found, and honest ones left alone? `node bench/across/lies.mjs [samples]`: 200 rows a sample of real vectors,
 * honest; another model's under the same name, with and without an embedder, as a whole or beside an honest author's; rows dealt out to
 * other texts; one vector copied. Writes `results/lies.jsonl`.
 */
import { honestyOf } from '../../node/dist/index/common/honesty.js';
import { appendLines, random } from '../record.mjs';
import { draw, homeOf, spaces } from './spaces.mjs';

const samples = Number(process.argv[2] ?? 20);
const ROWS = 200;

const all = spaces();
for (const one of all) one.home = await homeOf(one.texts);

const tally = new Map();
const note = (what, space, honesty) => {
  const one = tally.get(what) ?? tally.set(what, { what, tries: 0, found: 0, unknown: 0, by: {} }).get(what);
  one.tries++;
  if (honesty.state === 'doubtful') {
    one.found++;
    const key = `${space}: ${honesty.doubts.map((doubt) => doubt.what).join('+')}`;
    one.by[key] = (one.by[key] ?? 0) + 1;
  }
  if (honesty.state === 'unknown') one.unknown++;
};

const names = new Set();
for (const one of all) {
  names.add(one.name);
  const next = random(99 + names.size);
  const [model, what] = one.name.split(' ');
  const other = all.find(({ name }) => name === `${model === 'minilm' ? 'e5' : 'minilm'} ${what}`);
  for (let s = 0; s < samples; s++) {
    const places = draw(one, next, ROWS);
    const of = (rows, author = () => 'a') =>
      places.map((at, i) => ({ author: author(i), row: rows(at, i), home: one.home[at] }));
    const three = (i) => `author ${i % 3}`;
    note('honest', one.name, honestyOf(of((at) => one.rows[at], three)));
    if (other !== undefined)
      note(
        'honest, embedder here',
        one.name,
        honestyOf(of((at) => one.rows[at], three).map((row, i) => ({ ...row, own: one.rows[places[i]] }))),
      );
    if (one.rows.length < 100) continue;
    const dealt = draw({ rows: places }, next, ROWS);
    note('rows dealt out to other texts', one.name, honestyOf(of((_, i) => one.rows[places[dealt[i]]])));
    note('one vector copied', one.name, honestyOf(of(() => one.rows[places[0]])));
    note('one vector copied on a tenth', one.name, honestyOf(of((at, i) => one.rows[i % 10 === 0 ? places[0] : at])));
    if (other === undefined) continue;
    note(
      'another model, embedder here',
      one.name,
      honestyOf(of((at) => other.rows[at]).map((row, i) => ({ ...row, own: one.rows[places[i]] }))),
    );
    note(
      'another model beside an honest author, no embedder',
      one.name,
      honestyOf(
        of(
          (at, i) => (i % 4 === 0 ? other : one).rows[at],
          (i) => (i % 4 === 0 ? 'liar' : 'honest'),
        ),
      ),
    );
    note(
      'one author’s rows dealt out, no embedder',
      one.name,
      honestyOf(
        of(
          (at, i) => one.rows[i % 4 === 0 ? places[(i + 4) % places.length] : at],
          (i) => (i % 4 === 0 ? 'liar' : 'honest'),
        ),
      ),
    );
    note('another model, alone, no embedder (cannot be found)', one.name, honestyOf(of((at) => other.rows[at])));
  }
}
// Authors who write about different things in one space are no two models.
for (const model of ['minilm', 'e5'])
  for (const [a, b] of [
    ['ag_news', 'npl'],
    ['jeopardy', 'cranfield'],
    ['wordnet', 'cranfield'],
    ['stsb_dev', 'npl'],
  ]) {
    const [first, second] = [a, b].map((what) => all.find(({ name }) => name === `${model} ${what}`));
    const next = random(77);
    for (let s = 0; s < samples; s++) {
      const [here, there] = [draw(first, next, ROWS), draw(second, next, ROWS)];
      note(
        'honest, each author about something else',
        `${model} ${a} ${b}`,
        honestyOf(
          here.map((at, i) => {
            const [of, place, author] = i % 3 === 0 ? [second, there[i], 'b'] : [first, at, 'a'];
            return { author, row: of.rows[place], home: of.home[place] };
          }),
        ),
      );
    }
  }
for (const one of tally.values()) {
  console.log(
    `${one.what.padEnd(54)} ${String(one.found).padStart(4)} of ${one.tries} doubtful (${((100 * one.found) / one.tries).toFixed(1)} %), ${one.unknown} unknown`,
  );
  if (one.what.startsWith('honest')) console.log('   ', JSON.stringify(one.by));
}
appendLines(
  import.meta.url,
  'lies',
  [...tally.values()].map(({ by, ...one }) => ({
    spaces: names.size,
    rows: ROWS,
    ...one,
    ...(one.what.startsWith('honest') ? { by } : {}),
  })),
);
