import {
  cidOf,
  DAG_CBOR,
  decodeHeader,
  goneBody,
  RAW,
  readEnvelope,
  wireOf,
  type BlockStore,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { sha256 } from '../../door/crypto/index.js';

/** Blocks by digest, whichever of the two formats they have; same length and order as asked. */
export async function loadBlocks(
  store: Pick<BlockStore, 'get'>,
  digests: readonly Uint8Array[],
): Promise<(StoredBlock | undefined)[]> {
  const native = await store.get(digests.map((digest) => cidOf(DAG_CBOR, digest).text));
  const others = digests.filter((_, i) => native[i] === undefined);
  const second = others.length === 0 ? [] : await store.get(others.map((digest) => cidOf(RAW, digest).text));
  let next = 0;
  return native.map((block) => block ?? second[next++]);
}

/** What is given of a block that is asked for; undefined when nothing signed is left to give. */
export function givenOf(block: StoredBlock | undefined): Uint8Array | undefined {
  return block === undefined || block.envelope.length === 0 ? undefined : wireOf(block);
}

/** The digest of a native block, whatever else is wrong with it. */
export function digestOf(wire: Uint8Array): Uint8Array | undefined {
  const read = readEnvelope(wire);
  return read.status === 'rejected' ? undefined : sha256(read.envelope.header);
}

export function headerTimeOf(wire: Uint8Array): number | undefined {
  const read = readEnvelope(wire);
  const decoded = read.status === 'rejected' ? read : decodeHeader(read.envelope.header);
  return decoded.status === 'ok' ? decoded.header.timestamp : undefined;
}

export function isHeaderOnly(wire: Uint8Array): boolean {
  const read = readEnvelope(wire);
  return read.status !== 'rejected' && wire.length === read.envelope.end + 1 && wire[read.envelope.end] === goneBody[0];
}
