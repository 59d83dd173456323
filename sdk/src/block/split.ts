import { concatBytes } from '../bytes.js';
import { integerUnder } from '../codec/skip.js';
import { limits, wireMaxBytes } from '../limits.js';
import { rejected, type Rejected } from '../errors.js';
import { openBlock } from './check.js';
import { readEnvelope } from './envelope.js';
import { goneBody } from './wire.js';

/** Prefix and the longest head of the header. */
const HEAD_BYTES = 7 + 3;
/** Enough bytes to judge any envelope: prefix, the longest head and header, signature, first body byte. */
const ENVELOPE_MAX_BYTES = 7 + 3 + 4096 + 66 + 1;

/** Where the length of the header has been read whatever its size: 7 bytes of prefix, 3 of head. */
const LENGTH_END = 10;

export type NextBlock =
  | { readonly status: 'ok'; readonly end: number }
  /** The bytes so far end inside a block. `needs`: with fewer bytes than these there is no use in asking again. */
  | { readonly status: 'more'; readonly needs?: number }
  | Rejected;

/**
 * Where the first block of a CBOR sequence (RFC 8742) ends. Only the framing is judged; once it is wrong, the rest of
 * the sequence cannot be trusted to start anywhere.
 */
export function nextBlock(bytes: Uint8Array): NextBlock {
  // A length that is cut in two reads like a wrong one.
  if (bytes.length < LENGTH_END && (bytes.length === 0 || bytes[0] === 0xd2)) return { status: 'more' };
  const end = quickEnd(bytes);
  if (end !== undefined) return end <= bytes.length ? { status: 'ok', end } : { status: 'more', needs: end };
  const opened = openBlock(bytes);
  if (opened.status === 'ok') return { status: 'ok', end: opened.end };
  const headIsThere = bytes.length >= HEAD_BYTES;
  if ((opened.code !== 'block.malformed' && headIsThere) || bytes.length > wireMaxBytes) return opened;
  return endsEarly(bytes) ? { status: 'more' } : opened;
}

/** Where a block ends whose envelope reads and whose header names a length: what else is wrong with it, its check says. */
function quickEnd(bytes: Uint8Array): number | undefined {
  const read = readEnvelope(bytes);
  if (read.status === 'rejected') return undefined;
  const { header, end } = read.envelope;
  const length = integerUnder(header, 'body_bytes');
  if (length === undefined || length < 1 || length > limits.bodyMaxBytes || end >= bytes.length) return undefined;
  return bytes[end] === goneBody[0] ? end + 1 : end + length;
}

/** Could more bytes make this a block? Only a known-good prefix can. */
function endsEarly(bytes: Uint8Array): boolean {
  if (bytes.length > 0 && bytes[0] !== 0xd2) return false;
  if (bytes.length < ENVELOPE_MAX_BYTES) return true;
  const body = openBlock(withNullBody(bytes));
  return body.status === 'ok';
}

/** The same envelope with its body said to be gone: opens exactly when the envelope is sound. */
function withNullBody(bytes: Uint8Array): Uint8Array {
  const head = bytes[7]! & 31;
  const size = head < 24 ? 0 : head === 24 ? 1 : 2;
  const length = size === 0 ? head : size === 1 ? bytes[8]! : bytes[8]! * 256 + bytes[9]!;
  const end = 8 + size + length + 66;
  return concatBytes(bytes.subarray(0, end), goneBody);
}

/** Splits a complete sequence; a framing fault ends it with the refusal as last item. */
export function splitBlocks(bytes: Uint8Array): (Uint8Array | Rejected)[] {
  const parts: (Uint8Array | Rejected)[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = nextBlock(bytes.subarray(at));
    if (next.status === 'more') {
      parts.push(rejected('block.malformed', 'input ends inside a block'));
      break;
    }
    if (next.status === 'rejected') {
      parts.push(next);
      break;
    }
    parts.push(bytes.subarray(at, at + next.end));
    at += next.end;
  }
  return parts;
}
