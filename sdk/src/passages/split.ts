import { cut, type Piece } from './cut.js';
import { markdownBlocks, type Block } from './markdown.js';

/** A piece of a document that is embedded by itself: `text` goes to the embedder exactly as it stands. */
export interface DocumentPassage {
  /** A slice of the normalised document. */
  readonly text: string;
  /** Headings above it, `Book › Chapter › Section`. */
  readonly heading?: string;
}

export interface SplitOptions {
  readonly markdown: boolean;
  /** Paragraphs of a section are joined until a passage has this many words. */
  readonly wordsMin?: number;
  /** A passage has at most this many words. */
  readonly wordsMax?: number;
}

export const headingSeparator = ' › ';

const HEADING_MAX_CHARACTERS = 250;

/** The text that passages are slices of: no byte order mark where it begins, lines end in LF, lone surrogates are U+FFFD. */
export function normaliseDocument(document: string, begins = true): string {
  return (begins ? document.replace(/^\uFEFF/, '') : document)
    .replace(/\r\n?/g, '\n')
    .replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}

/**
 * Passages of a document: whole paragraphs, joined while they are short and of one section, cut at sentences where one
 * is long. Each is a slice of `normaliseDocument(document)`; every letter and digit of it is in some passage's text or in
 * its heading, but for Markdown's front matter, HTML comments and marks. What holds no letter or digit is left out.
 */
export function splitPassages(document: string, options: SplitOptions): DocumentPassage[] {
  const text = normaliseDocument(document);
  return passagesOf(text, options.markdown ? markdownBlocks(text) : plainBlocks(text), [], options);
}

/** A heading that what follows stands below. */
export interface Above {
  readonly level: number;
  readonly title: string;
}

export function plainBlocks(text: string): Block[] {
  return [{ start: 0, end: text.length }];
}

/** Passages of these blocks of a normalised text; `above` becomes the headings that what comes next stands below. */
export function passagesOf(
  text: string,
  blocks: readonly Block[],
  above: Above[],
  options: SplitOptions,
): DocumentPassage[] {
  const wordsMax = options.wordsMax ?? 300;
  const wordsMin = Math.min(options.wordsMin ?? 50, wordsMax);
  return sectionsOf(text, blocks, above).flatMap(({ path, runs }) => {
    const heading = path === '' ? {} : { heading: path };
    return runs
      .flatMap((run) =>
        join(
          run.flatMap((block) => piecesOf(text, block, options.markdown, wordsMax)),
          wordsMin,
          wordsMax,
        ),
      )
      .map(({ start, end }) => text.slice(start, end))
      .filter(hasWords)
      .map((passage) => ({ text: passage, ...heading }));
  });
}

/** Runs of blocks that may be joined, below one path of headings. */
interface Section {
  readonly path: string;
  readonly runs: Block[][];
}

/** A heading that no passage would carry whole — nothing stands below it, or it is too long — is content itself. */
function sectionsOf(text: string, blocks: readonly Block[], above: Above[]): Section[] {
  const sections: Section[] = [{ path: pathOf(above), runs: [[]] }];
  for (const [i, block] of blocks.entries()) {
    const { heading } = block;
    if (heading === undefined) {
      add(sections.at(-1)!, [block]);
      continue;
    }
    while (above.length > 0 && above.at(-1)!.level >= heading.level) above.pop();
    if (isCarried(text, blocks, i, above)) {
      above.push(heading);
      sections.push({ path: pathOf(above), runs: [[]] });
      continue;
    }
    const path = pathOf(above);
    if (sections.at(-1)!.path !== path) sections.push({ path, runs: [[]] });
    add(sections.at(-1)!, heading.content);
  }
  return sections;
}

function add({ runs }: Section, blocks: readonly Block[]): void {
  for (const block of blocks) {
    if (block.apart === true) runs.push([]);
    runs.at(-1)!.push(block);
  }
}

/** Will a passage's heading hold this one's whole title? */
function isCarried(text: string, blocks: readonly Block[], at: number, above: readonly { title: string }[]): boolean {
  const { level, title } = blocks[at]!.heading!;
  if (pathOf(above).length + headingSeparator.length + title.length > HEADING_MAX_CHARACTERS) return false;
  for (let i = at + 1; i < blocks.length; i++) {
    const { heading, start, end } = blocks[i]!;
    if (heading !== undefined && heading.level <= level) return false;
    // A deeper heading ends up in the text or above some text of this section.
    if (heading !== undefined ? hasWords(heading.title) : hasWords(text.slice(start, end))) return true;
  }
  return false;
}

function pathOf(above: readonly { readonly title: string }[]): string {
  return above
    .map(({ title }) => title)
    .filter((title) => title !== '')
    .join(headingSeparator);
}

function piecesOf(text: string, block: Block, markdown: boolean, wordsMax: number): Piece[] {
  // Plain text is one block; its paragraphs are joined or kept apart as Markdown's are.
  if (markdown) return cut(text, block.start, block.end, wordsMax, block.code === true);
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(/\n[ \t]*\n/g)) {
    pieces.push(...cut(text, at, match.index, wordsMax, false));
    at = match.index + match[0].length;
  }
  return [...pieces, ...cut(text, at, text.length, wordsMax, false)];
}

/** Neighbours joined until `wordsMin` is reached; a short rest goes to the passage before it where there is room. */
function join(pieces: readonly Piece[], wordsMin: number, wordsMax: number): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (
      last !== undefined &&
      (last.words < wordsMin || piece.words < wordsMin / 2) &&
      last.words + piece.words <= wordsMax
    )
      joined.splice(-1, 1, { start: last.start, end: piece.end, words: last.words + piece.words });
    else joined.push(piece);
  }
  return joined;
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
