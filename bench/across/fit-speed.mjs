/**
 * CPU time of fitting 5,000 anchors from 768 to 384 numbers: each linear method alone, then all methods with
 * cross-validation, and a question translated. `node bench/across/fit-speed.mjs`; appends to results/fit-speed.jsonl.
 */
import { createHash } from 'node:crypto';
import { candidates, fitParameters, fitTranslator, openTranslator } from '@cosmicembeddings/sdk/translators';
import { spaceNamed } from '@cosmicembeddings/sdk';
import { appendLines, random } from '../record.mjs';

const [n, from, to] = [5000, 768, 384];
const spaces = { from: spaceNamed('a', from), to: spaceNamed('b', to) };
const next = random(1);
const map = Array.from({ length: to }, () => Float32Array.from({ length: 64 }, () => next() - 0.5));
const own = Array.from({ length: from }, () => Float32Array.from({ length: 64 }, () => next() - 0.5));
const seen = (m, z) =>
  Float32Array.from(m, (row) => Math.tanh(row.reduce((sum, x, i) => sum + x * z[i], 0)) + 0.1 * (next() - 0.5));
const pairs = Array.from({ length: n }, (_, i) => {
  const z = Float32Array.from({ length: 64 }, () => 2 * (next() - 0.5));
  return {
    reference: new Uint8Array(createHash('sha256').update(String(i)).digest()),
    from: seen(own, z),
    to: seen(map, z),
  };
});

function cpuS(work) {
  const started = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(started);
  return [Number(((user + system) / 1e6).toFixed(3)), result];
}

const seconds = {};
for (const candidate of candidates.filter(({ method }) => method === 'procrustes' || method === 'ridge'))
  seconds[candidate.method] = cpuS(() => fitParameters([...pairs], spaces, candidate, 1000))[0];
const [all, fitted] = cpuS(() => fitTranslator(pairs, spaces));
const translator = openTranslator(fitted.parameters);
const [hundred] = cpuS(() => {
  for (const { from: vector } of pairs.slice(0, 100)) translator.translate([vector]);
});
const line = {
  bench: 'fit-speed',
  n,
  from,
  to,
  cpuS: { ...seconds, allWithCrossValidation: all },
  method: fitted.parameters.method,
  anchorsAlong: fitted.parameters.anchorsFrom.rows,
  questionMs: hundred * 10,
};
appendLines(import.meta.url, 'fit-speed', [line]);
console.log(JSON.stringify(line));
