import {
  concatBytes,
  createBlock,
  encodeHeader,
  openBlock,
  writeEnvelope,
  type Author,
  type Code,
  type Did,
  type NewBlock,
} from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';

/** Bytes that a node has to refuse, and the code it has to name. */
export interface Forgery {
  readonly what: string;
  readonly wire: Uint8Array;
  readonly code: Code;
}

const THREE_HOURS_MS = 3 * 3600 * 1000;

/** `genuine`: a block that no node has seen; `other`: somebody who did not sign it. */
export async function forgeries(genuine: NewBlock, author: Author, other: Did): Promise<Forgery[]> {
  const { wire } = await createBlock(genuine, author);
  const opened = openBlock(wire);
  if (opened.status === 'rejected') throw new Error(`a block of our own does not open: ${opened.detail}`);
  const { header, signature, body } = opened.block;
  const changed = wire.slice();
  changed[changed.length - 1]! ^= 1;
  const replayed = concatBytes(writeEnvelope(encodeHeader({ ...header, created_by: other }), signature), body!);
  // Signed for good: only the sky gives it away. The stamp is that of three hours before the time in the header.
  const sky = createSky();
  const shifted: Author = {
    ...author,
    sky: { stamp: (at) => sky.stamp({ ...at, timeMs: at.timeMs - THREE_HOURS_MS }) },
  };
  const wrongSky = await createBlock(genuine, shifted);
  return [
    { what: 'one byte changed after signing', wire: changed, code: 'block.body_mismatch' },
    { what: 'replayed under another author’s name', wire: replayed, code: 'block.bad_signature' },
    { what: 'signed, with the sky of three hours earlier', wire: wrongSky.wire, code: 'sky.mismatch' },
  ];
}
