/** A store and an index in memory: publish three texts, ask which is nearest. The same ports a node uses. */
import { contentOf, corePlugins, createRegistry, unpackRow, type CheckedBlock } from '@cosmicembeddings/sdk';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { createMemoryStore, memoryVectors } from '@cosmicembeddings/sdk/memory';
import { judge, publishable } from './create-and-verify.ts';

export async function nearest(
  texts: readonly string[],
  question: string,
  seed: Uint8Array,
  timeMs: number,
): Promise<string> {
  const registry = createRegistry(corePlugins);
  const embedder = createLexicalEmbedder();
  const store = createMemoryStore();
  const index = memoryVectors(embedder.space);
  for (const text of texts) {
    const block = judge(await publishable(text, seed, timeMs)) as CheckedBlock;
    await store.put([{ block, firstSeenMs: timeMs }]);
  }
  const { epoch, seq } = await store.head();
  for (const item of (await store.tail({ epoch, seq: 0 }, 100)).items) {
    if (item.type !== 'put') continue;
    const { vectors } = contentOf(item.block, registry);
    if (vectors === undefined) continue;
    await index.upsert([{ label: item.block.firstLabel, vector: unpackRow(vectors.stored, vectors.space.dims, 0) }], {
      epoch,
      seq,
    });
  }
  const { vectors } = await embedder.embed([question], { role: 'query' });
  const [best] = await index.search(vectors[0]!, 1);
  return texts[best!.label]!;
}
