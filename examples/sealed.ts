import {
  createBlock,
  portableChecks,
  sha256,
  utf8,
  type Author,
  type BlockId,
  type ValueMap,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { openSealed, sealFields } from '@cosmicembeddings/sdk/sealed';
import { packRows } from '@cosmicembeddings/sdk/space';

const { registry } = portableChecks('dev');

/** Publishes a memory that only the holders of these age keys can read; the node sees its author, time and size. */
export async function rememberFor(
  readers: string[],
  text: string,
  author: Author,
  did: string,
  node: NodeClient,
): Promise<BlockId> {
  const embedder = createLexicalEmbedder();
  const { vectors } = await embedder.embed([text], { role: 'passage' });
  const fields = {
    space: { ...embedder.space },
    embedding: { ...packRows(vectors, 'f32') },
    input_type: 'text',
    input_reference: [{ hash: sha256(utf8(text)), origin: '' }],
    texts: [text],
  } as unknown as ValueMap;
  const sealed = await sealFields({ kind: 'embedding/1', fields, salt: author.salt() }, did, registry, {
    recipients: readers,
  });
  const block = await createBlock({ kind: 'sealed/1', fields: sealed, timeMs: Date.now() - 1000 }, author);
  await node.publish([block.wire]);
  return block.id;
}

/** What a sealed block holds, or the code of why it stays shut. */
export async function readSealed(id: BlockId, identities: string[], node: NodeClient): Promise<string> {
  const block = await node.get(id);
  if (block === undefined) return 'block.not_found';
  const opened = await openSealed(block.wire, { identities }, registry);
  return opened.status === 'opened' ? (opened.body['texts'] as string[])[0]! : opened.code;
}
