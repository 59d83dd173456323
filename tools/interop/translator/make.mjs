/**
 * Writes a signed translator/1 block of each method into FOLDER (`METHOD.cbor`) with what `cosmic translator verify` says of it
 * (`METHOD.json`); `boaster` states a recall too high. Usage: make.mjs FOLDER
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  corePlugins,
  createBlock,
  createRegistry,
  sha256,
  signerOfSeed,
  toUnit,
  utf8,
} from '../../../sdk/dist/index.js';
import { parseTranslator } from '../../../sdk/dist/kinds/index.js';
import { createSky } from '../../../sdk/dist/sky/index.js';
import { spaceNamed } from '../../../sdk/dist/space/index.js';
import { candidates, fitTranslator, translatorFields, verifyTranslator } from '../../../sdk/dist/translators/index.js';
import { random } from '../../../bench/record.mjs';

const folder = process.argv[2];
const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(19)),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => new Uint8Array(16).fill(7),
};
const spaces = { from: spaceNamed('first', 24), to: spaceNamed('second', 16) };

/** Texts of twelve meanings as two models see them. */
const next = random(11);
const drawn = (n) => Array.from({ length: n }, () => next() - 0.5);
const [a, b] = [24, 16].map((dims) => Array.from({ length: dims }, () => drawn(12)));
const pairs = Array.from({ length: 300 }, (_, i) => {
  const z = drawn(12).map((x) => 4 * x);
  const seen = (model) =>
    toUnit(Float32Array.from(model, (row) => Math.tanh(row.reduce((sum, x, j) => sum + x * z[j], 0)) + 0.2 * next()));
  return { reference: sha256(utf8(`text ${i}`)), from: seen(a), to: seen(b) };
});

async function write(name, fields) {
  const parsed = parseTranslator(fields);
  if (!parsed.ok) throw new Error(`${name}: ${parsed.detail}`);
  const { wire } = await createBlock({ kind: 'translator/1', fields, timeMs: Date.UTC(2026, 10, 21) }, author);
  const { agrees, stated, measured } = verifyTranslator(parsed.body);
  writeFileSync(join(folder, `${name}.cbor`), wire);
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ agrees, stated, measured }));
}

for (const candidate of candidates) {
  const name = `${candidate.method}${candidate.damped === true ? '-damped' : ''}`;
  await write(name, translatorFields(fitTranslator(pairs, spaces, { candidates: [candidate] })));
}
const sound = translatorFields(fitTranslator(pairs, spaces, { candidates: candidates.slice(0, 1) }));
await write('boaster', { ...sound, quality: { ...sound.quality, recall_e6: sound.quality.recall_e6 + 6000 } });
