import { closeSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';

/** What is read into one string: where a whole text is asked for, and where bytes can be read only once (a pipe). */
export const wholeMaxBytes = 16 * 1024 * 1024;

const CHUNK_BYTES = 1 << 18;

export interface ReadText {
  readonly text: string;
  /** `UTF-8`, `UTF-16`, `Latin-1`: what the bytes were taken for. */
  readonly encoding: string;
}

export interface OpenedText {
  readonly encoding: string;
  /** The text from its beginning, in memory for one chunk, as often as asked. */
  readonly chunks: () => Iterable<string>;
}

type Bytes = () => Iterable<Uint8Array>;

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
/** Those of them that `@cosmicembeddings/readers` reads. */
const READERS = new Set(['.pdf', '.html', '.htm', '.xhtml', '.docx', '.epub', '.csv', '.tsv', '.eml', '.mbox']);

export const needsReaders = 'is read with @cosmicembeddings/readers, which is not installed here';

export function readersFormat(path: string): string | undefined {
  const ending = extname(path).toLowerCase();
  return READERS.has(ending) ? formatsByEnding[ending] : undefined;
}

const formatsByBeginning: readonly (readonly [RegExp, string])[] = [
  [/^%PDF-/, 'PDF'],
  [/^\s*(?:<!doctype\s+html|<html[\s>])/i, 'HTML'],
  [/^\s*<\?xml\s/, 'XML'],
  [/^\{\\rtf/, 'RTF'],
  [/^PK\x03\x04/, 'archive (or Office document)'], // eslint-disable-line no-control-regex
  [/^\x1f\x8b/, 'gzip archive'], // eslint-disable-line no-control-regex
];

/**
 * A file of any size, read once to find out its encoding and once for its text.
 * @throws CosmicError input.not_found, input.unsupported, input.binary, input.empty; while it is read also where it changed
 */
export function openText(path: string, name = path): OpenedText {
  return openBytes(() => bytesOf(path, name), name);
}

/**
 * A file as one string, whatever encoding it is in.
 * @throws CosmicError as `openText`; input.too_large, before more is read
 */
export function readText(path: string, name = path): ReadText {
  const read: Uint8Array[] = [];
  let size = 0;
  for (const chunk of bytesOf(path, name)) {
    size += chunk.length;
    if (size > wholeMaxBytes)
      throw new CosmicError('input.too_large', `${name}: more than ${wholeMaxBytes / 1048576} MiB`);
    read.push(chunk);
  }
  const { encoding, chunks } = openBytes(() => read, name);
  return { text: [...chunks()].join(''), encoding };
}

function* bytesOf(path: string, name: string): Generator<Uint8Array> {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (cause) {
    throw new CosmicError('input.not_found', `${name}: ${(cause as NodeJS.ErrnoException).code ?? ''}`, { cause });
  }
  try {
    for (;;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const read = readSync(handle, chunk, 0, chunk.length, null);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(handle);
  }
}

function openBytes(bytes: Bytes, name: string): OpenedText {
  const [first] = bytes();
  if (first === undefined) throw new CosmicError('input.empty', name);
  const beginning = Buffer.from(first.subarray(0, 512)).toString('latin1');
  const format =
    formatsByBeginning.find(([pattern]) => pattern.test(beginning))?.[1] ??
    formatsByEnding[extname(name).toLowerCase()];
  if (format !== undefined)
    throw new CosmicError(
      'input.unsupported',
      `${name}: ${format} ${readersFormat(name) === undefined ? 'is not read yet; save it as text or Markdown' : needsReaders}`,
    );
  if (/^version https:\/\/git-lfs\.github\.com\/spec\//.test(beginning))
    throw new CosmicError('input.unsupported', `${name}: a pointer of Git LFS; git lfs pull brings the file itself`);
  const counts = lookThrough(bytes);
  for (const taken of candidates(counts)) {
    const blank = isBlank(taken, bytes);
    if (blank === undefined) continue;
    if (blank) throw new CosmicError('input.empty', name);
    return { encoding: taken.encoding, chunks: () => textOf(taken, bytes, name) };
  }
  const why = isDamaged(counts)
    ? `UTF-8 that is damaged at byte ${counts.brokenAt}`
    : 'neither UTF-8 nor UTF-16 nor Latin-1';
  throw new CosmicError('input.binary', `${name}: ${why}`);
}

function* textOf({ decoder }: Candidate, bytes: Bytes, name: string): Generator<string> {
  try {
    yield* decoded(decoder, bytes);
  } catch (cause) {
    if (!isMalformed(cause)) throw cause;
    throw new CosmicError('input.binary', `${name} changed while it was read`, { cause });
  }
}

interface Candidate {
  readonly encoding: string;
  /** Label of the WHATWG encoding standard. */
  readonly decoder: string;
  /** Control characters speak against it. */
  readonly plain: boolean;
}

/** What the bytes are counted for, in one reading. */
interface Counts {
  bytes: number;
  /** Of the first two bytes, high byte first. */
  mark: number;
  zeros: number;
  /** Zeros among the first 4,096 bytes, at even and odd offsets. */
  readonly zerosAt: [number, number];
  high: number;
  /** Bytes that Windows-1252 leaves undefined. */
  undefinedBytes: number;
  /** Characters of several bytes in UTF-8, and such as begin or go on wrongly; where the first of these is. */
  sequences: number;
  broken: number;
  brokenAt: number | undefined;
}

const ZEROS_WITHIN = 4096;

function lookThrough(bytes: Bytes): Counts {
  const seen: Counts = {
    bytes: 0,
    mark: 0,
    zeros: 0,
    zerosAt: [0, 0],
    high: 0,
    undefinedBytes: 0,
    sequences: 0,
    broken: 0,
    brokenAt: undefined,
  };
  let [toCome, begunAt] = [0, 0];
  const isBroken = (at: number): void => {
    seen.broken++;
    seen.brokenAt ??= at;
    toCome = 0;
  };
  for (const chunk of bytes())
    for (const byte of chunk) {
      const at = seen.bytes++;
      if (toCome > 0) {
        if ((byte & 0xc0) !== 0x80) isBroken(begunAt);
        else if (--toCome === 0) seen.sequences++;
      } else if ((byte & 0xc0) === 0x80) isBroken(at);
      if (byte >= 0xc0) {
        begunAt = at;
        toCome = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      }
      if (at < 2) seen.mark = (seen.mark << 8) | byte;
      if (byte === 0) {
        seen.zeros++;
        if (at < ZEROS_WITHIN) seen.zerosAt[at & 1]!++;
      } else if (byte >= 0x80) {
        seen.high++;
        if (byte === 0x81 || byte === 0x8d || byte === 0x8f || byte === 0x90 || byte === 0x9d) seen.undefinedBytes++;
      }
    }
  if (toCome > 0) isBroken(begunAt);
  return seen;
}

/** Most of it is UTF-8, so that as Latin-1 it would be other letters than were meant. */
function isDamaged({ sequences, broken }: Counts): boolean {
  return sequences > 0 && broken > 0 && sequences >= broken;
}

/**
 * UTF-16 with a byte order mark, else by the zero bytes that ASCII has in it; UTF-8; ISO 8859-1, or Windows-1252 where the
 * bytes between are used. The last only for texts that are mostly ASCII: in other old encodings (of Cyrillic, Chinese, …)
 * most bytes are not, and would become other letters than were meant.
 */
function candidates(counts: Counts): Candidate[] {
  const { bytes, mark, zeros, zerosAt, high, undefinedBytes } = counts;
  const pairs = Math.min(bytes, ZEROS_WITHIN) / 2;
  const share = (offset: 0 | 1): number => zerosAt[offset] / pairs;
  const big = mark === 0xfeff || (mark !== 0xfffe && share(0) > 0.7 && share(1) < 0.1);
  const little = mark === 0xfffe || (mark !== 0xfeff && share(1) > 0.7 && share(0) < 0.1);
  const wide = bytes >= 2 && bytes % 2 === 0 && big !== little;
  return [
    ...(wide ? [{ encoding: 'UTF-16', decoder: big ? 'utf-16be' : 'utf-16le', plain: true }] : []),
    ...(zeros === 0 ? [{ encoding: 'UTF-8', decoder: 'utf-8', plain: false }] : []),
    ...(undefinedBytes === 0 && high <= bytes * 0.3 && !isDamaged(counts)
      ? [{ encoding: 'Latin-1', decoder: 'windows-1252', plain: true }]
      : []),
  ];
}

/** Does the text hold nothing but white space? Undefined where the bytes are no such text. */
function isBlank({ decoder, plain }: Candidate, bytes: Bytes): boolean | undefined {
  let blank = true;
  try {
    for (const text of decoded(decoder, bytes)) {
      // eslint-disable-next-line no-control-regex
      if (plain && /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/.test(text)) return undefined;
      blank &&= text.trim() === '';
    }
  } catch (error) {
    if (isMalformed(error)) return undefined;
    throw error;
  }
  return blank;
}

function isMalformed(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
}

/** @throws where the bytes are not of this encoding */
function* decoded(label: string, bytes: Bytes): Generator<string> {
  const decoder = new TextDecoder(label, { fatal: true });
  for (const chunk of bytes()) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}
