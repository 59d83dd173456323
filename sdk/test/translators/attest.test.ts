import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { sha256 } from '../../src/crypto/index.js';
import { createLexicalEmbedder } from '../../src/embedders/index.js';
import type { EmbeddingBody } from '../../src/kinds/index.js';
import { packRows, type Dtype } from '../../src/space/index.js';
import { attestationOf } from '../../src/translators/index.js';

const embedder = createLexicalEmbedder();
const texts = ['The kiln is fired at night.', 'Herons stand in the shallows.', 'A ledger of what was meant.'];

async function body(
  change: { texts?: readonly (string | null)[]; of?: readonly string[]; dtype?: Dtype } = {},
): Promise<EmbeddingBody> {
  const { vectors } = await embedder.embed(change.of ?? texts, { role: 'passage' });
  return {
    space: embedder.space,
    embedding: packRows(vectors, change.dtype ?? 'f32'),
    input_type: 'text',
    input_reference: texts.map((text) => ({ hash: sha256(utf8(text)), origin: 'a test' })),
    texts: change.texts ?? texts,
  };
}

describe('an attestation', () => {
  test.each<Dtype>(['f32', 'f16', 'i8'])('agrees with vectors of their texts, kept as %s', async (dtype) => {
    const said = await attestationOf(await body({ dtype }), embedder);
    expect(said).toMatchObject({ agrees: true, rows: 3, fields: { agrees: true, rows: 3, tolerance_e6: 980_000 } });
  });

  test('differs where one of the vectors is another text’s', async () => {
    const said = await attestationOf(await body({ of: [texts[0]!, texts[1]!, 'Something else.'] }), embedder);
    expect(said.agrees).toBe(false);
    expect(said.cosine).toBeLessThan(0.9);
  });

  test('leaves out texts that are not those that were embedded, and needs one that is', async () => {
    expect(await attestationOf(await body({ texts: [texts[0]!, 'cut', null] }), embedder)).toMatchObject({ rows: 1 });
    await expect(attestationOf(await body({ texts: ['cut', null, null] }), embedder)).rejects.toMatchObject({
      code: 'attest.no_input',
    });
  });

  test('is not evaded by a row whose text holds no word', async () => {
    const mixed = await body({ of: [texts[0]!, texts[1]!, 'Something else.'] });
    const dots = ['…', texts[1]!, texts[2]!];
    const said = await attestationOf(
      { ...mixed, texts: dots, input_reference: dots.map((text) => ({ hash: sha256(utf8(text)), origin: 'a test' })) },
      embedder,
    );
    expect(said).toMatchObject({ agrees: false, rows: 2 });
  });
});
