// Vectors of the English sibling for each line of a text file: 256 whole numbers of 16 bits a line (its part of meaning, over 32768).
// Usage: node english.mjs TEXTS.txt OUT.i16   after a build
import { readFileSync, writeFileSync } from 'node:fs';
import { createEnglishEmbedder } from '../../sdk/dist/embedders/english/index.js';

const [texts, out] = process.argv.slice(2);
const file = new URL('../../sdk/assets/english-1.bin', import.meta.url);
const embedder = createEnglishEmbedder(new Uint8Array(readFileSync(file)));
const lines = readFileSync(texts, 'utf8').split('\n').slice(0, -1);
const rows = new Int16Array(lines.length * 256);
for (let at = 0; at < lines.length; at += 1024) {
  const { vectors } = await embedder.embed(
    lines.slice(at, at + 1024).map((line) => (/[a-z0-9]/i.test(line) ? line : 'nothing')),
    { role: 'passage' },
  );
  vectors.forEach((vector, i) => {
    for (let d = 0; d < 256; d++) rows[(at + i) * 256 + d] = vector[d] * 32768;
  });
}
writeFileSync(out, rows);
console.log(lines.length, 'texts');
