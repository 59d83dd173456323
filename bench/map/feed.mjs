/**
 * Publishes WordNet's definitions (../shared/data/wordnet), one row a block, tagged by the lexicographer's file they stand in:
 * something to look at on a map. node bench/map/feed.mjs URL [ROWS]
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createEnglishEmbedder } from '@cosmicembeddings/sdk/embedders/english';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { fastSigner } from '../accept/blocks.mjs';
import { random } from '../record.mjs';

const [url = 'http://127.0.0.1:8080', rows = '10000'] = process.argv.slice(2);
const embedder = createEnglishEmbedder(
  new Uint8Array(readFileSync(new URL('../../sdk/assets/english-1.bin', import.meta.url))),
);
const lines = gunzipSync(readFileSync(new URL('../../../shared/data/wordnet/oewn_synsets.jsonl.gz', import.meta.url)))
  .toString('utf8')
  .trim()
  .split('\n');
const next = random(7);
const chosen = lines
  .map((line) => ({ line, rank: next() }))
  .sort((a, b) => a.rank - b.rank)
  .slice(0, Number(rows))
  .map(({ line }) => JSON.parse(line));
const author = {
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => new Uint8Array(randomBytes(16)),
};
const signers = ['ada', 'bo', 'cy', 'di', 'ed', 'flo', 'gus'].map((name) =>
  fastSigner(createHash('sha256').update(name).digest()),
);
const startMs = Date.now() - 200 * 86_400_000;
for (let at = 0; at < chosen.length; at += 500) {
  const some = chosen.slice(at, at + 500);
  const texts = some.map(({ lemmas, definition, examples }) =>
    [`${lemmas.join(', ')}: ${definition}.`, ...examples].join(' '),
  );
  const { vectors } = await embedder.embed(texts, { role: 'passage' });
  const wires = [];
  for (const [i, { lemmas, file, pos }] of some.entries()) {
    if (vectors[i].every((x) => x === 0)) continue;
    const { wire } = await createBlock(
      {
        kind: 'embedding/1',
        timeMs: startMs + (at + i) * Math.floor((199 * 86_400_000) / chosen.length),
        tags: [file],
        fields: {
          space: embedder.space,
          embedding: { ...packRows([vectors[i]], 'f32') },
          input_type: 'text',
          input_reference: [
            { hash: new Uint8Array(createHash('sha256').update(texts[i]).digest()), origin: lemmas[0], heading: pos },
          ],
          texts: [texts[i]],
        },
      },
      { ...author, signer: signers[Math.floor(next() ** 2 * signers.length)] },
    );
    wires.push(wire);
  }
  const answer = await fetch(`${url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: Buffer.concat(wires),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
console.log(`published ${chosen.length} definitions`);
