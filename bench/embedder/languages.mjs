/**
 * How often a question in German, Spanish or French finds the English passage that answers it: the built-in embedders and, where its
 * vectors are stored, multilingual-e5-small. Usage: node bench/embedder/languages.mjs FOLDER   after a build
 * FOLDER is what `tools/train-multilingual/pairs.py PACKAGES SYSTEM_MAN FOLDER --vectors` wrote. STS-B dev is printed where
 * ../shared/data lies beside the repository.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbedder } from '../../sdk/dist/embedders/index.js';
import { nodeEmbedderHost } from '../../sdk/dist/embedders/node/index.js';
import { spearman } from './metrics.mjs';

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: languages.mjs FOLDER');
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const embedders = {};
for (const name of ['multilingual-1', 'english-1'])
  embedders[name] = await createEmbedder({ type: 'builtin', name }, nodeEmbedderHost);
const embed = async (name, texts, role) => (await embedders[name].embed(texts, { role })).vectors;

/** float32 rows of an .npy file of version 1. */
function npyRows(path, dims) {
  const bytes = readFileSync(path);
  const data = bytes.subarray(10 + bytes.readUInt16LE(8));
  return Array.from({ length: data.length / 4 / dims }, (_, row) =>
    Float32Array.from({ length: dims }, (_, i) => data.readFloatLE(4 * (row * dims + i))),
  );
}

/** Of each question the place of its passage: 0 is the first. */
const ranks = (questions, passages, answers) =>
  questions.map((question, i) => {
    const scores = passages.map((passage) => dot(question, passage));
    return scores.filter((score, p) => score > scores[answers[i]] || (score === scores[answers[i]] && p < answers[i]))
      .length;
  });
const share = (of, test) => of.filter(test).length / of.length;

for (const set of ['gnome', 'man']) {
  const { passages, questions } = JSON.parse(readFileSync(join(folder, `${set}.json`), 'utf8'));
  console.log(`\n${set}: ${passages.length} English passages`);
  for (const [language, asked] of Object.entries(questions)) {
    const answers = asked.map(([, passage]) => passage);
    const columns = {};
    for (const name of Object.keys(embedders))
      columns[name] = ranks(
        await embed(
          name,
          asked.map(([text]) => text),
          'query',
        ),
        await embed(name, passages, 'passage'),
        answers,
      );
    const stored = join(folder, `${set}.${language}.e5.npy`);
    if (existsSync(stored))
      columns.e5 = ranks(npyRows(stored, 384), npyRows(join(folder, `${set}.passages.e5.npy`), 384), answers);
    const cells = Object.entries(columns).map(
      ([name, places]) =>
        `${name} ${share(places, (r) => r === 0).toFixed(3)} / ${share(places, (r) => r < 10).toFixed(3)}`,
    );
    const ratio =
      columns.e5 === undefined
        ? ''
        : `   of e5’s first places ${(share(columns['multilingual-1'], (r) => r === 0) / share(columns.e5, (r) => r === 0)).toFixed(2)}`;
    console.log(`${language} (${asked.length})  first / among ten:  ${cells.join('   ')}${ratio}`);
  }
}

const sts = new URL('../../../shared/data/similarity/stsb_dev.tsv', import.meta.url);
if (existsSync(sts)) {
  const lines = readFileSync(sts, 'utf8').split('\n').slice(1).filter(Boolean);
  const pairs = lines.map((line) => line.split('\t'));
  for (const name of Object.keys(embedders)) {
    const [a, b] = [
      await embed(
        name,
        pairs.map((p) => p[2]),
        'passage',
      ),
      await embed(
        name,
        pairs.map((p) => p[3]),
        'passage',
      ),
    ];
    const found = spearman(
      a.map((x, i) => dot(x, b[i])),
      pairs.map((p) => Number(p[1])),
    );
    console.log(`STS-B dev, ${name}: ${found.toFixed(4)}`);
  }
}
