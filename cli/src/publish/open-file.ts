import { extname } from 'node:path';
import {
  headingSeparator,
  normaliseDocument,
  partCharacters,
  splitParts,
  splitPassages,
} from '@cosmicembeddings/sdk/passages';
import type { DocumentPassage } from '@cosmicembeddings/sdk/passages';
import { openText } from './read-text.js';
import { openReaders, readWith, type ReadDocument, type Readers } from './readers.js';

export interface FilePassage extends DocumentPassage {
  /** Where it stands in the file, as a fragment behind its name: `page=3`, `row=7`. */
  readonly at?: string;
}

export interface OpenedFile {
  readonly encoding: string;
  /** What the file holds and its passages do not, in words. */
  readonly left: readonly string[];
  /** `last`: nothing comes after it. */
  readonly parts: Iterable<{ readonly passages: readonly FilePassage[]; readonly last: boolean }>;
}

interface File {
  readonly path: string;
  readonly origin: string;
  readonly markdown: boolean;
  /** Of tables: those that hold the text. */
  readonly columns?: readonly string[] | undefined;
}

/** Endings that are read beside texts: none where `@cosmicembeddings/readers` is not installed. */
export async function readableEndings(): Promise<ReadonlySet<string>> {
  return new Set((await openReaders())?.endings);
}

/**
 * A file's passages, by a reader for its format where there is one, else as text.
 * @throws CosmicError input.not_found, input.empty, input.binary, input.unsupported, input.malformed, input.too_large
 */
export async function openFile({ path, origin, markdown, columns }: File, maxCharacters?: number): Promise<OpenedFile> {
  const readers = await openReaders();
  if (readers?.endings.includes(extname(path).toLowerCase()))
    return openWith(readers, path, origin, columns, maxCharacters ?? partCharacters);
  const { encoding, chunks } = openText(path, origin);
  return { encoding, left: [], parts: splitParts(chunks(), { markdown }, maxCharacters) };
}

async function openWith(
  readers: Readers,
  path: string,
  origin: string,
  columns: readonly string[] | undefined,
  maxCharacters: number,
): Promise<OpenedFile> {
  const document = await readWith(readers, path, origin, columns);
  return { encoding: 'UTF-8', left: document.left, parts: inParts(filePassages(document), maxCharacters) };
}

/** Passages of what a reader read. What stands in a block is well-formed and within its limits, whatever a file says. */
export function filePassages({ format, parts }: Pick<ReadDocument, 'format' | 'parts'>): FilePassage[] {
  // A row or a piece of code is one passage as far as it goes; pages and sections are cut like any text.
  const wordsMin = ['table', 'JSON Lines', 'source code'].includes(format) ? { wordsMin: 300 } : {};
  return parts.flatMap(({ text, at, headings = [] }) =>
    splitPassages(text, { markdown: false, ...wordsMin }).map((passage): FilePassage => {
      const heading = cut(normaliseDocument(headings.join(headingSeparator)));
      return {
        ...passage,
        ...(heading === '' ? {} : { heading }),
        ...(at === undefined || at.length > AT_MAX_CHARACTERS ? {} : { at: normaliseDocument(at) }),
      };
    }),
  );
}

const HEADING_MAX_CHARACTERS = 250;
/** A longer one is no name that anybody gave: the passage then stands in the file as a whole. */
const AT_MAX_CHARACTERS = 250;

/** Never inside a surrogate pair. */
function cut(heading: string): string {
  return heading.slice(0, HEADING_MAX_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
}

/** A long book becomes several documents, as a long text does. */
export function* inParts(passages: readonly FilePassage[], maxCharacters: number): OpenedFile['parts'] & Generator {
  let from = 0;
  let characters = 0;
  for (const [i, { text }] of passages.entries()) {
    characters += text.length;
    if (characters < maxCharacters || i === passages.length - 1) continue;
    yield { passages: passages.slice(from, i + 1), last: false };
    from = i + 1;
    characters = 0;
  }
  yield { passages: passages.slice(from), last: true };
}
