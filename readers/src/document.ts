/** A piece of a document that belongs together: a page, a section, a row, a run of lines. */
export interface Part {
  /** Plain text, paragraphs with an empty line between them. */
  readonly text: string;
  /**
   * Where it stands, as a fragment behind the file's name: `page=3` (RFC 8118, PDF), `line=10,24` (RFC 5147, text: the
   * lines after the tenth up to the twenty-fourth), `row=7` (RFC 7111, tables: the heading is row 1), an element's id
   * (HTML), a file's name (EPUB), `message=2` (mailboxes).
   */
  readonly at?: string;
  /** Headings above it, outermost first. */
  readonly headings?: readonly string[];
}

export interface ReadDocument {
  /** `PDF`, `HTML`, `Word`, `EPUB`, `e-mail`, `table`, `JSON Lines`, `source code`. */
  readonly format: string;
  readonly title?: string;
  readonly parts: readonly Part[];
  /** What the file holds and the parts do not, in words: `2 pages without text`. */
  readonly left: readonly string[];
}

export interface ReadOptions {
  /** Tables and JSON Lines: the columns that hold the text, in this order; without it all that hold words. */
  readonly columns?: readonly string[];
}

export type Reader = (bytes: Uint8Array, name: string, options: ReadOptions) => ReadDocument | Promise<ReadDocument>;

export type ReadErrorCode =
  /** No reader here knows this format. */
  | 'read.unsupported'
  /** It is said to be of a format that it is not, or torn. */
  | 'read.malformed'
  /** It opens only with a password. */
  | 'read.locked'
  /** More than is read at once, unpacked. */
  | 'read.too_large'
  /** There is no text in it. */
  | 'read.empty'
  /** A column was asked for that is not there. */
  | 'read.column';

/** What a file's owner can do something about. The message says what. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  constructor(
    readonly code: ReadErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Every space is one space, every line of a paragraph one line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** Of a number of things that were left out: `1 page without text`, `3 pages without text`; nothing where there is none. */
export function counted(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}
