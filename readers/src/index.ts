import { readCode } from './code.js';
import { hasWords, ReadError, type ReadDocument, type Reader, type ReadOptions } from './document.js';
import { readEpub } from './epub.js';
import { readHtml } from './html.js';
import { readMailbox, readMessage } from './mail.js';
import { readPdf } from './pdf.js';
import { readJsonLines, readTable } from './table.js';
import { readWord } from './word.js';

export { ReadError, type Part, type ReadDocument, type ReadErrorCode, type ReadOptions } from './document.js';

const CODE =
  'c cc cpp cs css cxx dart ex exs go h hpp hs java jl js jsx kt kts lua mjs cjs ml mts nim php pl pm py r rb rs scala sh bash zsh sql swift ts tsx vue svelte zig';

const readers: Readonly<Record<string, Reader>> = {
  pdf: readPdf,
  html: readHtml,
  htm: readHtml,
  xhtml: readHtml,
  docx: readWord,
  epub: readEpub,
  eml: readMessage,
  mbox: readMailbox,
  csv: readTable,
  tsv: readTable,
  jsonl: readJsonLines,
  ndjson: readJsonLines,
  ...Object.fromEntries(CODE.split(' ').map((ending) => [ending, readCode])),
};

/** Endings of the files that are read here, with their dot. */
export const endings: readonly string[] = Object.keys(readers).map((ending) => `.${ending}`);

/** Bytes of a file that is read at all. */
export const fileMaxBytes = 128 * 1024 * 1024;

/**
 * A file's text in parts, each with where it stands in the file. By what its bytes begin with, then by its ending.
 * @throws ReadError read.unsupported, read.malformed, read.locked, read.too_large, read.empty, read.column
 */
export async function readDocument(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<ReadDocument> {
  if (bytes.length > fileMaxBytes)
    throw new ReadError('read.too_large', `more than ${fileMaxBytes / 1048576} MiB: publish it in pieces`);
  const read = readerOf(bytes, name);
  if (read === undefined)
    throw new ReadError('read.unsupported', `no reader for this; there are: ${endings.join(' ')}`);
  const document = await read(bytes, name, options);
  if (!document.parts.some(({ text }) => hasWords(text)))
    throw new ReadError('read.empty', [`no text in this ${document.format}`, ...document.left].join('; '));
  return document;
}

function readerOf(bytes: Uint8Array, name: string): Reader | undefined {
  const beginning = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  if (/^\s{0,16}%PDF-/.test(beginning)) return readPdf;
  const ending = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (Object.hasOwn(readers, ending)) return readers[ending];
  return /^\s*(?:<!doctype\s+html|<html[\s>])/i.test(beginning) ? readHtml : undefined;
}
