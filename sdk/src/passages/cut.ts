/** Part of a text, offsets in UTF-16 units; never ends inside a surrogate pair. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** Length in words, as `sizeOf` counts. */
  readonly words: number;
}

/** A word of more characters is no prose; it counts as several, so that no passage outgrows its limit. */
const CHARACTERS_PER_WORD = 12;
/** Scripts that write no spaces between words: two characters count as one word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;
const UNSPACED_PER_WORD = 2;

const BLANK_LINES = /\n[ \t]*\n\s*/g;
const SENTENCES = /(?<=[.!?…]["'”’)\]]{0,3})\s+|(?<=[。！？][」』”’）]{0,2})(?![」』”’）])/gu;
const LINES = /\n+/g;
const WORDS = /\s+/g;

/** Length in words. */
export function sizeOf(text: string): number {
  let words = 0;
  for (const [run] of text.matchAll(/\S+/g)) {
    const unspaced = run.match(UNSPACED)?.length ?? 0;
    words += Math.max(1, Math.ceil((run.length - unspaced) / (2 * CHARACTERS_PER_WORD) + unspaced / UNSPACED_PER_WORD));
  }
  return words;
}

/** The stretch in pieces of at most `wordsMax` words, cut at empty lines, else sentences (code: lines), else lines, words, characters. */
export function cut(text: string, start: number, end: number, wordsMax: number, code: boolean): Piece[] {
  return cutAt(text, start, end, wordsMax, code ? [LINES, WORDS] : [BLANK_LINES, SENTENCES, LINES, WORDS]);
}

function cutAt(text: string, from: number, to: number, wordsMax: number, boundaries: readonly RegExp[]): Piece[] {
  const [start, end] = trimmed(text, from, to);
  if (start >= end) return [];
  const words = sizeOf(text.slice(start, end));
  if (words <= wordsMax) return [{ start, end, words }];
  const [boundary, ...finer] = boundaries;
  if (boundary === undefined) return cutAnywhere(text, start, end, wordsMax);
  const parts: Piece[] = [];
  let at = start;
  for (const match of text.slice(start, end).matchAll(boundary)) {
    parts.push(...cutAt(text, at, start + match.index, wordsMax, finer));
    at = start + match.index + match[0].length;
  }
  parts.push(...cutAt(text, at, end, wordsMax, finer));
  return pack(text, parts, wordsMax);
}

/** Neighbours together as long as there is room. */
function pack(text: string, parts: readonly Piece[], wordsMax: number): Piece[] {
  const packed: Piece[] = [];
  for (const part of parts) {
    const last = packed.at(-1);
    // Two parts without a space between them may count as one word more or less: what is joined is counted anew.
    const words = last === undefined ? Infinity : last.words + part.words;
    if (last !== undefined && words <= wordsMax) packed.splice(-1, 1, { start: last.start, end: part.end, words });
    else packed.push(part);
  }
  return packed;
}

function cutAnywhere(text: string, start: number, end: number, wordsMax: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = start; at < end;) {
    let to = Math.min(end, at + wordsMax * UNSPACED_PER_WORD);
    // Not inside a surrogate pair.
    if (to < end && /[\uD800-\uDBFF]/.test(text[to - 1]!)) to += to - 1 > at ? -1 : 1;
    pieces.push({ start: at, end: to, words: sizeOf(text.slice(at, to)) });
    at = to;
  }
  return pack(text, pieces, wordsMax);
}

/** The stretch without white space at its ends. */
function trimmed(text: string, from: number, to: number): [number, number] {
  let [start, end] = [from, to];
  while (start < end && /\s/.test(text[start]!)) start++;
  while (end > start && /\s/.test(text[end - 1]!)) end--;
  return [start, end];
}
