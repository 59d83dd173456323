/** What a block says of itself, from its bytes alone: no node, no network. Bytes are `cosmic get ID --output FILE`, or `GET /v2/blocks/ID`. */
import { readFile } from 'node:fs/promises';
import { checkAny, contentOf, equalBytes, portableChecks, sha256, toHex, utf8 } from '@cosmicembeddings/sdk';
import { decodeBody } from '@cosmicembeddings/sdk/block';
import type { EmbeddingBody } from '@cosmicembeddings/sdk/kinds';

const checks = portableChecks('dev');

export async function verifyFile(path: string): Promise<string[]> {
  const block = checkAny(await readFile(path), checks);
  // One bit that turned over, another author's name, a sky of another hour: each has its code.
  if (block.status === 'rejected') return [`refused: ${block.code}`];
  const lines = [
    `${block.id} signed by ${block.entry.author}`,
    `claims ${new Date(block.timeMs).toISOString()}, sky consistent`,
  ];
  if (block.body === null) return [...lines, 'without its body'];
  const body = decodeBody(block.body);
  if (body.status === 'rejected' || block.entry.kind !== 'embedding/1') return lines;
  const { input_reference: references } = body.body as unknown as EmbeddingBody;
  for (const [row, passage] of contentOf(block, checks.registry).passages.entries()) {
    const { hash } = references[row]!;
    const isSigned = passage !== undefined && hash !== null && equalBytes(sha256(utf8(passage.text)), hash);
    lines.push(`passage ${row}: ${isSigned ? passage.text : `hash ${hash === null ? 'none' : toHex(hash)}`}`);
  }
  return lines;
}
