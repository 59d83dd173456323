import { markdownSections, textSections, type Section } from './sections.js';

/** A piece of a document that is embedded by itself: `text` goes to the embedder exactly as it stands. */
export interface DocumentPassage {
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

/** A word of more characters is no prose; it is cut, so that no passage outgrows its limit. */
const CHARACTERS_PER_WORD = 12;
const HEADING_MAX_CHARACTERS = 250;

/**
 * Passages of a document: whole paragraphs, joined while they are short and of one section, cut at sentences where one
 * is long. What holds no letter or digit is left out.
 */
export function splitPassages(document: string, options: SplitOptions): DocumentPassage[] {
  const wordsMin = options.wordsMin ?? 50;
  const wordsMax = options.wordsMax ?? 300;
  const text = document.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const sections = options.markdown ? markdownSections(text) : textSections(text);
  const passages = sections.flatMap((section) => passagesOf(section, wordsMin, wordsMax));
  // A document that is nothing but headings still says something.
  if (passages.length > 0) return passages;
  const titles = sections.flatMap((section) => section.headings.slice(-1)).filter(hasWords);
  return titles.length === 0 ? [] : [{ text: titles.join('\n') }];
}

function passagesOf(section: Section, wordsMin: number, wordsMax: number): DocumentPassage[] {
  const path = section.headings.filter((title) => title !== '').join(headingSeparator);
  const heading = path === '' ? {} : { heading: path.slice(0, HEADING_MAX_CHARACTERS) };
  const pieces = section.paragraphs.flatMap((paragraph) => cut(paragraph, wordsMax));
  return join(pieces, wordsMin, wordsMax)
    .filter(hasWords)
    .map((text) => ({ text, ...heading }));
}

/** Neighbours joined until `wordsMin` is reached; a short rest goes to the passage before it where there is room. */
function join(pieces: readonly string[], wordsMin: number, wordsMax: number): string[] {
  const joined: { text: string; words: number }[] = [];
  for (const text of pieces) {
    const words = sizeOf(text);
    const last = joined.at(-1);
    if (last !== undefined && (last.words < wordsMin || words < wordsMin / 2) && last.words + words <= wordsMax)
      joined.splice(-1, 1, { text: `${last.text}\n\n${text}`, words: last.words + words });
    else joined.push({ text, words });
  }
  return joined.map(({ text }) => text);
}

/** Length in words; a long run of characters without spaces counts as several. */
function sizeOf(text: string): number {
  let words = 0;
  for (const match of text.matchAll(/\S+/g)) words += Math.max(1, Math.ceil(match[0].length / CHARACTERS_PER_WORD / 2));
  return words;
}

/** A paragraph of more than `wordsMax` words in pieces that end at sentences, else lines, else words, else anywhere. */
function cut(paragraph: string, wordsMax: number): string[] {
  if (sizeOf(paragraph) <= wordsMax) return [paragraph];
  for (const boundary of [/(?<=[.!?…。！？]["'”’)\]]*)\s+/u, /\n+/, /\s+/]) {
    const parts = paragraph.split(boundary).filter((part) => part !== '');
    if (parts.length < 2) continue;
    const separator = boundary.source === '\\n+' ? '\n' : ' ';
    return pack(parts, separator, wordsMax).flatMap((part) => (part === paragraph ? [part] : cut(part, wordsMax)));
  }
  const size = wordsMax * CHARACTERS_PER_WORD;
  const characters = [...paragraph];
  return Array.from({ length: Math.ceil(characters.length / size) }, (_, i) =>
    characters.slice(i * size, (i + 1) * size).join(''),
  );
}

function pack(parts: readonly string[], separator: string, wordsMax: number): string[] {
  const packed: string[] = [];
  let words = Infinity;
  for (const part of parts) {
    const size = sizeOf(part);
    if (words + size <= wordsMax) packed.push(`${packed.pop()!}${separator}${part}`);
    else packed.push(part);
    words = words + size <= wordsMax ? words + size : size;
  }
  return packed;
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}
