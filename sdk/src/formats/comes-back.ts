import { decodeHeader, readEnvelope } from '../block/index.js';
import type { CheckedBlock } from '../block/types.js';
import { Cid, decode, DecodeError, type Value } from '../codec/index.js';
import { limits } from '../limits.js';
import { PyJsonError, readPythonJson, type PyDict, type PyValue } from '../python/read.js';

/** Shorter texts are everybody's: withholding "yes" would keep out strangers. Characters after `sameText`. */
export const withheldTextMin = 16;

/** How two spellings of one text are told to be the same: compatibility forms, case and white space aside (UAX #15). */
export function sameText(text: string): string {
  return text.slice(0, limits.textMaxBytes).normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** Digest of the body that a native block's header names, whoever signed it; undefined for version 1. */
export function bodyDigestOf({ format, envelope }: Pick<CheckedBlock, 'format' | 'envelope'>): Uint8Array | undefined {
  if (format === 'python/1') return undefined;
  const read = readEnvelope(envelope);
  if (read.status === 'rejected') return undefined;
  const decoded = decodeHeader(read.envelope.header);
  return decoded.status === 'ok' ? decoded.header.body.digest : undefined;
}

/** Every text in a block that is long enough to be told apart, whatever its kind, as `sameText` has it. */
export function textsWithin({ format, envelope, body }: Pick<CheckedBlock, 'format' | 'envelope' | 'body'>): string[] {
  const texts = new Set<string>();
  const note = (text: string): void => {
    const same = sameText(text);
    if (same.length >= withheldTextMin) texts.add(same);
  };
  try {
    if (format === 'python/1') walkPython(readPythonJson(new TextDecoder().decode(envelope)), note);
    else if (body !== null) walk(decode(body), note);
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof PyJsonError)) throw error;
  }
  return [...texts];
}

function walk(value: Value, note: (text: string) => void): void {
  if (typeof value === 'string') note(value);
  else if (Array.isArray(value)) for (const item of value) walk(item as Value, note);
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !(value instanceof Cid))
    for (const item of Object.values(value)) walk(item as Value, note);
}

function walkPython(value: PyValue, note: (text: string) => void): void {
  if (typeof value === 'string') note(value);
  else if (Array.isArray(value)) for (const item of value as readonly PyValue[]) walkPython(item, note);
  else if (value instanceof Map) for (const item of (value as PyDict).values()) walkPython(item, note);
}
