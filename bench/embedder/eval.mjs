/**
 * Scores of the built-in English embedder on the development sets, beside the lexical floors and its teacher.
 * Usage: npm run eval:embedder [-- --teacher] [--fast]   after a build of the SDK, with ../shared/data beside the repository.
 *   --teacher  also runs all-MiniLM-L6-v2 over the sets for which no vectors of it are stored (needs @huggingface/transformers)
 *   --fast     leaves out NPL and the floors
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createEnglishEmbedder, englishModel } from '../../sdk/dist/embedders/english/index.js';
import { lemmaOf } from '../../sdk/dist/embedders/english/lemma.js';
import { readModel } from '../../sdk/dist/embedders/english/model.js';
import { tokensOf } from '../../sdk/dist/embedders/english/tokens.js';
import { ndcg10, spearman } from './metrics.mjs';
import { dense, lemmaTfIdf, tokenJaccard } from './methods.mjs';
import { readSets } from './sets.mjs';

const root = new URL('../../', import.meta.url);
const data = new URL('../shared/data/', root);
const flags = new Set(process.argv.slice(2));
if (!existsSync(data)) {
  console.log('skipped: the evaluation texts are read from ../shared/data, which is not there');
  process.exit(0);
}

const goals = {
  'STS-B dev': 0.845,
  'SICK, shared half': 0.69,
  'SimLex-999': 0.6,
  'WordSim-353': 0.75,
  'agreement ag_news': 0.62,
  'agreement jeopardy': 0.63,
  'nDCG@10 cranfield': 0.41,
  'nDCG@10 npl': 0.345,
};
const sets = readSets(data);
const bytes = new Uint8Array(readFileSync(new URL(`sdk/assets/${englishModel.file}`, root)));

/** All scores of one method. */
async function scoresOf(method, retrieval = true) {
  const found = {};
  for (const [name, pairs] of Object.entries(sets.pairs)) {
    const a = await method.embed(
      pairs.map((p) => p.a),
      'passage',
    );
    const b = await method.embed(
      pairs.map((p) => p.b),
      'passage',
    );
    found[name] = spearman(
      pairs.map((_, i) => method.similarity(a[i], b[i])),
      pairs.map((p) => p.score),
    );
  }
  for (const [name, { texts, vectors }] of Object.entries(sets.agreement)) {
    const mine = await method.embed(texts, 'passage');
    const [x, y] = [[], []];
    for (let i = 0; i < texts.length; i++)
      for (let j = i + 1; j < texts.length; j++) {
        x.push(method.similarity(mine[i], mine[j]));
        y.push(dense().similarity(vectors[i], vectors[j]));
      }
    found[`agreement ${name}`] = spearman(x, y);
  }
  if (!retrieval) return found;
  for (const [name, set] of Object.entries(sets.collections)) {
    if (flags.has('--fast') && name === 'npl') continue;
    const documents = await method.embed(set.texts, 'passage');
    const queries = await method.embed(
      set.queries.map((q) => q.text),
      'query',
    );
    found[`nDCG@10 ${name}`] = meanNdcg(set, queries, documents, method.similarity);
  }
  return found;
}

function meanNdcg(set, queries, documents, similarity) {
  let sum = 0;
  set.queries.forEach(
    (q, i) =>
      (sum += ndcg10(
        documents.map((d) => similarity(queries[i], d)),
        set.ids,
        q.relevant,
      )),
  );
  return sum / set.queries.length;
}

/** From the stored vectors; the sets that have none need the model itself. */
async function teacherScores() {
  const { similarity } = dense();
  const found = {};
  const row = new Map(sets.stsbTeacher.texts.map((text, i) => [text, sets.stsbTeacher.vectors[i]]));
  const pairs = sets.pairs['STS-B dev'];
  found['STS-B dev'] = spearman(
    pairs.map((p) => similarity(row.get(p.a), row.get(p.b))),
    pairs.map((p) => p.score),
  );
  for (const name of Object.keys(sets.agreement)) found[`agreement ${name}`] = 1;
  for (const [name, set] of Object.entries(sets.collections))
    found[`nDCG@10 ${name}`] = meanNdcg(set, set.teacher.queries, set.teacher.documents, similarity);
  if (!flags.has('--teacher')) return found;
  const { createEmbedder } = await import('../../sdk/dist/embedders/index.js');
  const { nodeEmbedderHost } = await import('../../sdk/dist/embedders/node/index.js');
  const path = fileURLToPath(new URL('../shared/models/', root));
  const model = dense(
    await createEmbedder({ type: 'transformers', model: 'all-MiniLM-L6-v2', path, dtype: 'q8' }, nodeEmbedderHost),
  );
  for (const name of ['SICK, shared half', 'SimLex-999', 'WordSim-353']) {
    const set = sets.pairs[name];
    const a = await model.embed(
      set.map((p) => p.a),
      'passage',
    );
    const b = await model.embed(
      set.map((p) => p.b),
      'passage',
    );
    found[name] = spearman(
      set.map((_, i) => similarity(a[i], b[i])),
      set.map((p) => p.score),
    );
  }
  return found;
}

function lemmasWith(model) {
  const known = (word) => model.flags[model.rowOf.get(word) ?? -1] ?? 0;
  return (text) => tokensOf(text, model.fold, 8192).tokens.map((token) => lemmaOf(token, model.exceptions, known));
}

function definitions() {
  const lines = gunzipSync(readFileSync(new URL('wordnet/oewn_synsets.jsonl.gz', data)))
    .toString()
    .split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line).definition);
}

/** Texts per second of processor time, which a busy machine does not change much; the median of five rounds after a first. */
async function speed(embedder) {
  const texts = [...sets.pairs['STS-B dev'], ...sets.pairs['SICK, shared half']].flatMap((p) => [p.a, p.b]);
  const rates = [];
  for (let round = 0; round < 6; round++)
    rates.push((texts.length / (await cpuMs(() => embedder.embed(texts, { role: 'passage' })))) * 1000);
  return { cold: rates[0], warm: rates.slice(1).sort((a, b) => a - b)[2], texts: texts.length };
}

async function cpuMs(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

let english;
const loadMs = await cpuMs(async () => {
  english = createEnglishEmbedder(bytes);
  await english.embed(['The first text.'], { role: 'query' });
});
const rate = await speed(english);
const columns = { 'english-1': await scoresOf(dense(english)) };
if (!flags.has('--fast')) {
  columns['lemma tf-idf'] = await scoresOf(lemmaTfIdf(lemmasWith(readModel(bytes)), definitions()));
  columns['token Jaccard'] = await scoresOf(tokenJaccard);
}
columns.teacher = await teacherScores();

const cell = (value) => (!Number.isFinite(value) ? '–' : value.toFixed(3)).padStart(14);
console.log(
  `${''.padEnd(20)}${'goal'.padStart(8)}${Object.keys(columns)
    .map((name) => name.padStart(14))
    .join('')}`,
);
for (const [name, goal] of Object.entries(goals)) {
  const met =
    columns['english-1'][name] === undefined ? '' : columns['english-1'][name] >= goal ? '' : '  below the goal';
  console.log(
    `${name.padEnd(20)}${String(goal).padStart(8)}${Object.values(columns)
      .map((c) => cell(c[name]))
      .join('')}${met}`,
  );
}
if (!flags.has('--teacher')) console.log('(– : no stored vectors; --teacher runs the model)');
console.log(
  `file ${bytes.length} bytes · load and first text ${loadMs.toFixed(0)} ms · ${rate.texts} short texts: ${rate.cold.toFixed(0)}/s cold, ${rate.warm.toFixed(0)}/s warm (processor time) · Node ${process.version}`,
);
