import { closeSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';

/** A text file over this is refused: it is more likely data than something to read. */
export const fileMaxBytes = 16 * 1024 * 1024;

export interface ReadText {
  readonly text: string;
  /** `UTF-8`, `UTF-16`, `Latin-1`: what the bytes were taken for. */
  readonly encoding: string;
}

/** Formats that hold text which is not read yet: their bytes or marks would be published as words. */
const formatsByEnding: Readonly<Record<string, string>> = {
  '.pdf': 'PDF',
  '.html': 'HTML',
  '.htm': 'HTML',
  '.xhtml': 'HTML',
  '.xml': 'XML',
  '.svg': 'SVG',
  '.rtf': 'RTF',
  '.doc': 'Word',
  '.docx': 'Word',
  '.odt': 'OpenDocument',
  '.epub': 'EPUB',
  '.ppt': 'PowerPoint',
  '.pptx': 'PowerPoint',
  '.csv': 'table (CSV)',
  '.tsv': 'table (TSV)',
  '.xls': 'table (Excel)',
  '.xlsx': 'table (Excel)',
  '.ods': 'table (OpenDocument)',
  '.parquet': 'table (Parquet)',
  '.ipynb': 'notebook',
  '.eml': 'e-mail',
  '.mbox': 'e-mail',
};
const formatsByBeginning: readonly (readonly [RegExp, string])[] = [
  [/^%PDF-/, 'PDF'],
  [/^\s*(?:<!doctype\s+html|<html[\s>])/i, 'HTML'],
  [/^\s*<\?xml\s/, 'XML'],
  [/^\{\\rtf/, 'RTF'],
  [/^PK\x03\x04/, 'archive (or Office document)'], // eslint-disable-line no-control-regex
  [/^\x1f\x8b/, 'gzip archive'], // eslint-disable-line no-control-regex
];

/**
 * A file as text, whatever encoding it is in.
 * @throws CosmicError input.not_found, input.too_large (before reading it), input.unsupported, input.binary, input.empty
 */
export function readText(path: string, name = path): ReadText {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (cause) {
    throw new CosmicError('input.not_found', `${name}: ${(cause as NodeJS.ErrnoException).code ?? ''}`, { cause });
  }
  try {
    return decodeText(readWhole(handle, name), name);
  } finally {
    closeSync(handle);
  }
}

/** At most one byte more than the limit is ever read, also where a file has no size of its own. */
function readWhole(handle: number, name: string): Uint8Array {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = Buffer.alloc(1 << 20);
    const read = readSync(handle, chunk, 0, chunk.length, null);
    if (read === 0) return Buffer.concat(chunks);
    bytes += read;
    if (bytes > fileMaxBytes)
      throw new CosmicError('input.too_large', `${name}: more than ${fileMaxBytes / 1048576} MiB`);
    chunks.push(chunk.subarray(0, read));
  }
}

/** @throws CosmicError input.empty, input.unsupported, input.binary */
export function decodeText(bytes: Uint8Array, name: string): ReadText {
  if (bytes.length === 0) throw new CosmicError('input.empty', name);
  const beginning = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  const format =
    formatsByBeginning.find(([pattern]) => pattern.test(beginning))?.[1] ??
    formatsByEnding[extname(name).toLowerCase()];
  if (format !== undefined)
    throw new CosmicError('input.unsupported', `${name}: ${format} is not read yet; save it as text or Markdown`);
  const decoded = utf16(bytes) ?? utf8(bytes) ?? latin1(bytes);
  if (decoded === undefined) throw new CosmicError('input.binary', `${name}: neither UTF-8 nor UTF-16 nor Latin-1`);
  if (decoded.text.trim() === '') throw new CosmicError('input.empty', name);
  return decoded;
}

/** With a byte order mark, else by the zero bytes that ASCII has in it. */
function utf16(bytes: Uint8Array): ReadText | undefined {
  if (bytes.length < 2 || bytes.length % 2 !== 0) return undefined;
  const mark = (bytes[0]! << 8) | bytes[1]!;
  const share = (offset: number): number => {
    let zeros = 0;
    const end = Math.min(bytes.length, 4096);
    for (let i = offset; i < end; i += 2) if (bytes[i] === 0) zeros++;
    return zeros / Math.ceil((end - offset) / 2);
  };
  const big = mark === 0xfeff || (mark !== 0xfffe && share(0) > 0.7 && share(1) < 0.1);
  const little = mark === 0xfffe || (mark !== 0xfeff && share(1) > 0.7 && share(0) < 0.1);
  if (big === little) return undefined;
  const text = decoded(big ? 'utf-16be' : 'utf-16le', bytes);
  return text === undefined || hasControls(text) ? undefined : { text, encoding: 'UTF-16' };
}

function utf8(bytes: Uint8Array): ReadText | undefined {
  if (bytes.includes(0)) return undefined;
  const text = decoded('utf-8', bytes);
  return text === undefined ? undefined : { text, encoding: 'UTF-8' };
}

/**
 * ISO 8859-1, or Windows-1252 where the bytes between are used. Only for texts that are mostly ASCII: in other old
 * encodings (of Cyrillic, Chinese, …) most bytes are not, and would become other letters than were meant.
 */
function latin1(bytes: Uint8Array): ReadText | undefined {
  const high = bytes.reduce((count, byte) => count + (byte >= 0x80 ? 1 : 0), 0);
  if (high > bytes.length * 0.3 || [0x81, 0x8d, 0x8f, 0x90, 0x9d].some((byte) => bytes.includes(byte)))
    return undefined;
  const text = decoded('windows-1252', bytes);
  return text === undefined || hasControls(text) ? undefined : { text, encoding: 'Latin-1' };
}

function decoded(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function hasControls(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/.test(text);
}
