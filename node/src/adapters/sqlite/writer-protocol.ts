import type { Arrival, CheckedBlock, DecidedItem, EraseReason, PutResult, BlockId } from '@cosmicembeddings/sdk';
import type { SqliteEngine } from './driver.js';
import type { HeadNumbers } from './writer.js';

/** What the writer worker is started with. */
export interface WriterSetup {
  readonly path: string;
  readonly engine: SqliteEngine;
}

type Meta = Omit<CheckedBlock, 'envelope' | 'body'> & { readonly envelopeBytes: number; readonly bodyBytes: number; readonly firstSeenMs: number };

/** One request at a time; the bytes of all blocks of a put travel in one transferred buffer. */
export type WriterRequest =
  | { readonly type: 'put'; readonly metas: readonly Meta[]; readonly bytes: Uint8Array }
  | { readonly type: 'erase'; readonly ids: readonly BlockId[]; readonly reason: EraseReason }
  | { readonly type: 'decide'; readonly items: readonly DecidedItem[] }
  | { readonly type: 'undecide' }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'vacuum' }
  | { readonly type: 'close' };

export type WriterResult = readonly PutResult[] | readonly number[] | undefined;

export type WriterReply =
  | { readonly ok: true; readonly result: WriterResult; readonly head: HeadNumbers }
  | { readonly ok: false; readonly code?: string; readonly message: string; readonly head: HeadNumbers };

export function packArrivals(arrivals: readonly Arrival[]): WriterRequest & { type: 'put' } {
  let length = 0;
  for (const { block } of arrivals) length += block.envelope.length + (block.body?.length ?? 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  const metas = arrivals.map(({ block, firstSeenMs }): Meta => {
    const { envelope, body, ...rest } = block;
    bytes.set(envelope, at);
    at += envelope.length;
    if (body !== null) bytes.set(body, at);
    at += body?.length ?? 0;
    return { ...rest, envelopeBytes: envelope.length, bodyBytes: body === null ? -1 : body.length, firstSeenMs };
  });
  return { type: 'put', metas, bytes };
}

export function unpackArrivals({ metas, bytes }: WriterRequest & { type: 'put' }): Arrival[] {
  let at = 0;
  return metas.map(({ envelopeBytes, bodyBytes, firstSeenMs, ...rest }) => {
    const envelope = bytes.subarray(at, (at += envelopeBytes));
    const body = bodyBytes < 0 ? null : bytes.subarray(at, (at += bodyBytes));
    return { block: { ...rest, envelope, body }, firstSeenMs };
  });
}
