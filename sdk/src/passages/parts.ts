import { markdownBlocks, type Block } from './markdown.js';
import { normaliseDocument, passagesOf, plainBlocks } from './split.js';
import type { Above, DocumentPassage, SplitOptions } from './split.js';

/** Characters of a text that are split at a time; a longer text comes in parts. */
export const partCharacters = 1 << 21;

/** Part of a text, with the passages that it holds. */
export interface TextPart {
  readonly passages: readonly DocumentPassage[];
  /** Nothing comes after it. */
  readonly last: boolean;
}

interface Rest {
  /** Normalised. */
  readonly text: string;
  readonly above: Above[];
  readonly options: SplitOptions;
  /** The text begins the document. */
  readonly begins: boolean;
}

/**
 * Passages of a text that comes in chunks, part by part, in memory for one part. A text of up to `partCharacters` is one
 * part and has the passages of `splitPassages`. A longer one is cut before a heading of the part's second half, else
 * before its last block (paragraph, list, fence); plain text at an empty line, else a line, else a space. The headings
 * above go on in the next part; two passages of two parts are never joined. From a block longer than a part on, Markdown
 * is read as plain text.
 */
export function* splitParts(
  chunks: Iterable<string>,
  options: SplitOptions,
  maxCharacters = partCharacters,
): Generator<TextPart> {
  let rest: Rest = { text: '', above: [], options, begins: true };
  for (const text of normalisedChunks(chunks)) {
    rest = { ...rest, text: rest.text + text };
    while (rest.text.length > maxCharacters) {
      const { passages, rest: left } = cutPart(rest, maxCharacters);
      rest = left;
      yield { passages, last: false };
    }
  }
  const { text, above } = rest;
  yield { passages: passagesOf(text, blocksOf(rest, text), above, rest.options), last: true };
}

function cutPart(rest: Rest, maxCharacters: number): { passages: DocumentPassage[]; rest: Rest } {
  const { text, above } = rest;
  let { options } = rest;
  const room = text.slice(0, maxCharacters);
  const blocks = blocksOf(rest, room);
  let next = options.markdown ? nextPart(room, blocks) : undefined;
  if (options.markdown && next === undefined) options = { ...options, markdown: false };
  next ??= plainEnd(room);
  const part = options.markdown ? blocks.filter(({ start }) => start < next) : plainBlocks(text.slice(0, next));
  const passages = passagesOf(text.slice(0, next), part, above, options);
  return { passages, rest: { text: text.slice(next), above, options, begins: false } };
}

function blocksOf({ options, begins }: Rest, text: string): Block[] {
  return options.markdown ? markdownBlocks(text, undefined, begins) : plainBlocks(text);
}

/**
 * Where the next part begins: at a heading, or at the last block, which may go on; not right behind a heading, which would
 * then have nothing below it. Undefined where there is but one block.
 */
function nextPart(text: string, blocks: readonly Block[]): number | undefined {
  let last: number | undefined;
  let lastBelow: number | undefined;
  for (let i = blocks.length - 1; i > 0; i--) {
    const { start, heading, apart } = blocks[i]!;
    // Pieces of a block that a comment divides belong together.
    if (apart === true || start === 0) continue;
    lastBelow ??= start;
    if (blocks[i - 1]!.heading !== undefined) continue;
    last ??= start;
    if (start < text.length / 2) break;
    if (heading !== undefined) return start;
  }
  return last ?? lastBelow;
}

/** Behind the last empty line of the second half, else the last line or space, else at the end. */
function plainEnd(text: string): number {
  const half = text.length >> 1;
  for (const boundary of [/\n[ \t]*\n/g, /\n/g, /\s/g]) {
    const last = [...text.slice(half).matchAll(boundary)].at(-1);
    if (last !== undefined) return half + last.index + last[0].length;
  }
  // Not inside a surrogate pair.
  return text.length > 1 && /[\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length;
}

/** What two chunks share — a line end, a surrogate pair — is kept back for the second. */
function* normalisedChunks(chunks: Iterable<string>): Generator<string> {
  let kept = '';
  let begins = true;
  for (const chunk of chunks) {
    const text = kept + chunk;
    const end = /[\r\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length;
    kept = text.slice(end);
    if (end === 0) continue;
    yield normaliseDocument(text.slice(0, end), begins);
    begins = false;
  }
  yield normaliseDocument(kept, begins);
}
