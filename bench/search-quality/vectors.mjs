import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEnglishEmbedder } from '@cosmicembeddings/sdk/embedders/english';
import { readNpy, shared } from './collections.mjs';
import { spaceOf } from './ledger.mjs';

export const english = createEnglishEmbedder(
  new Uint8Array(readFileSync(new URL('../../sdk/assets/english-1.bin', import.meta.url))),
);

/** As search hands a question to an embedder. */
const asEmbedded = (text) => text.replaceAll('"', ' ').trim();

/** Vectors of a model that others computed: documents by their place, queries by their text; `others` are [file, texts]. */
export function published(model, { name, documents, queries }, others = []) {
  const of = (what) => readNpy(join(shared, 'embeddings', 'two-models', `${what}.${model}.f16.npy`));
  const space = spaceOf(model, 384);
  const byText = new Map(of(`${name}_queries`).map((vector, i) => [asEmbedded(queries[i].text), vector]));
  for (const [file, texts] of others) of(file).forEach((vector, i) => byText.set(asEmbedded(texts[i]), vector));
  return {
    space,
    documents: of(`${name}_docs`).slice(0, documents.length),
    embedder: { space, embed: async ([text]) => ({ vectors: [byText.get(text)], truncated: [false], tokens: [null] }) },
  };
}

export async function ours(embedder, { documents }) {
  const kept = documents.map((text) => (/\p{L}/u.test(text) ? text : 'empty'));
  return { space: embedder.space, documents: (await embedder.embed(kept, { role: 'passage' })).vectors, embedder };
}
