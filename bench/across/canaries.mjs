/**
 * How many canaries tell a whole space of another model from an honest one? `node bench/across/canaries.mjs [draws]`: 128 rows of real
 * vectors a draw, of two models and six collections of texts, held against canaries of the model that they claim to be, drawn from
 * other collections about many things; then against the texts that `cosmic spaces canaries` embeds, in the built-in multilingual space: honest rows
 * of it, and the other models' first numbers under its name. Writes `results/canaries.jsonl`.
 */
import { readFileSync } from 'node:fs';
import { toUnit } from '@cosmicembeddings/sdk';
import { canaryTexts } from '@cosmicembeddings/sdk/embedders';
import { createMultilingualEmbedder } from '../../sdk/dist/embedders/multilingual/index.js';
import { judgedRows, unlike } from '../../node/dist/index/common/honesty.js';
import { appendLines, random } from '../record.mjs';
import { draw, homeOf, spaces } from './spaces.mjs';

const draws = Number(process.argv[2] ?? 6);
const COUNTS = [12, 24, 32, 48, 66];
/** Texts about many things, from which canaries are drawn. */
const GENERAL = ['ag_news', 'jeopardy', 'wordnet', 'stsb_dev'];
const collections = [...GENERAL, 'cranfield', 'npl'];
const all = new Map(spaces().map((one) => [one.name, one]));
const of = (model, what) => all.get(`${model} ${what}`);
const pick = (list, places) => places.map((at) => list[at]);

const lines = [];
function tell(line) {
  lines.push(line);
  console.log(
    `${line.canaries} ${line.from}: ${line.found} of ${line.lies} lies found, ${line.doubted} of ${line.honest} honest spaces doubted; missed ${JSON.stringify(line.missed)}`,
  );
}

/** What is said of honest rows and of another model's, of the same texts. */
function judge(counts, { what, home, honest, lie, canaries }) {
  const judged = (rows) => rows.map((row, i) => ({ author: 'a', row, home: home[i] }));
  const isDoubted = (rows) => unlike(judged(rows), { rows: canaries }, 1).length > 0;
  counts.lies++;
  counts.honest++;
  if (isDoubted(lie)) counts.found++;
  else counts.missed[what] = (counts.missed[what] ?? 0) + 1;
  if (isDoubted(honest)) counts.doubted++;
}
const none = () => ({ lies: 0, found: 0, honest: 0, doubted: 0, missed: {} });

const byCount = new Map(COUNTS.map((n) => [n, none()]));
for (const [model, other] of [
  ['minilm', 'e5'],
  ['e5', 'minilm'],
])
  for (const [c, what] of collections.entries())
    for (let s = 0; s < draws; s++) {
      const next = random(1 + s + 100 * c + (model === 'e5' ? 1000 : 0));
      const space = of(model, what);
      const places = draw(space, next, judgedRows);
      const home = await homeOf(pick(space.texts, places));
      const rest = GENERAL.filter((one) => one !== what);
      const known = Array.from({ length: Math.max(...COUNTS) }, (_, i) => {
        const from = of(model, rest[i % rest.length]);
        const at = Math.floor(next() * from.rows.length);
        return { row: from.rows[at], text: from.texts[at] };
      });
      const inHome = await homeOf(known.map(({ text }) => text));
      const canaries = known.map(({ row }, i) => ({ row, home: inHome[i] }));
      for (const [n, counts] of byCount)
        judge(counts, {
          what: `${model} ${what}`,
          home,
          honest: pick(space.rows, places),
          lie: pick(of(other, what).rows, places),
          canaries: canaries.slice(0, n),
        });
    }
for (const [canaries, counts] of byCount)
  tell({ canaries, from: 'of other collections about many things', rows: judgedRows, ...counts });

const multilingual = createMultilingualEmbedder(
  new Uint8Array(readFileSync(new URL('../../multilingual/assets/multilingual-1.bin', import.meta.url))),
);
const embedded = async (texts) => {
  const kept = texts.map((text) => (/\p{L}/u.test(text) ? text : 'empty'));
  return (await multilingual.embed(kept, { role: 'passage' })).vectors.map(toUnit);
};
const inSpace = await Promise.all(
  canaryTexts.map(async ({ text, role }) => toUnit((await multilingual.embed([text], { role })).vectors[0])),
);
const inHome = await homeOf(canaryTexts.map(({ text }) => text));
const canaries = inSpace.map((row, i) => ({ row, home: inHome[i] }));
const counts = none();
for (const model of ['minilm', 'e5'])
  for (const [c, what] of collections.entries())
    for (let s = 0; s < draws; s++) {
      const space = of(model, what);
      const places = draw(space, random(1 + s + 100 * c + (model === 'e5' ? 1000 : 0)), judgedRows);
      const texts = pick(space.texts, places);
      judge(counts, {
        what: `${model} ${what}`,
        home: await homeOf(texts),
        honest: await embedded(texts),
        lie: pick(space.rows, places).map((row) => toUnit(row.slice(0, multilingual.space.dims))),
        canaries,
      });
    }
tell({ canaries: canaryTexts.length, from: 'that everybody embeds', rows: judgedRows, ...counts });
appendLines(import.meta.url, 'canaries', lines);
