/** One text becomes a signed, stamped block; anybody can check it from its bytes alone. */
import {
  checkAny,
  corePlugins,
  createBlock,
  createRegistry,
  packRows,
  sha256,
  signerOfSeed,
  utf8,
  verify,
  type CheckedBlock,
  type Rejected,
} from '@cosmicembeddings/sdk';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { createSky } from '@cosmicembeddings/sdk/sky';

const registry = createRegistry(corePlugins);
const sky = createSky();

/** `seed`: 32 secret bytes, the author's key. */
export async function publishable(text: string, seed: Uint8Array, timeMs: number): Promise<Uint8Array> {
  const embedder = createLexicalEmbedder();
  const { vectors } = await embedder.embed([text], { role: 'passage' });
  const fields = {
    space: { ...embedder.space },
    embedding: { ...packRows(vectors, 'f32') },
    input_type: 'text',
    input_reference: [{ hash: sha256(utf8(text)), origin: 'example' }],
    texts: [text],
  };
  const salt = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
  const block = await createBlock(
    { kind: 'embedding/1', timeMs, fields },
    { signer: signerOfSeed(seed), network: 'dev', registry, sky, salt },
  );
  return block.wire;
}

export function judge(wire: Uint8Array): CheckedBlock | Rejected {
  return checkAny(wire, { network: 'dev', registry, verify, sha256, sky });
}
