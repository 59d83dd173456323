import type { Excerpt } from '@cosmicembeddings/sdk';
import type { CutText } from './cut-texts.js';

/** Words of a question, as they are compared, and how much each tells. */
export type QuestionTerms = ReadonlyMap<string, number>;

/** Words that tell less than this share of what the rarest does are not worth marking. */
const MARKED_SHARE = 0.25;
const MARKS_MAX = 64;
/** What ends a sentence in bold type or in quotes, and is left at the beginning of the next one. */
const closing = /^[*_~`"'”’»)\]]+\s+/;
const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentence that says most of what was asked, and where its words stand in the whole passage; undefined: no word does. */
export function excerptOf(passage: string, { words }: CutText, terms: QuestionTerms): Excerpt | undefined {
  const least = MARKED_SHARE * sumsOf(terms).most;
  const marks = words.filter(({ term }) => (terms.get(term) ?? -1) >= least);
  if (marks.length === 0) return undefined;
  let best = { start: 0, end: 0, weight: -1 };
  let at = 0;
  for (const { segment, index } of sentences.segment(passage)) {
    const end = index + segment.length;
    const held = new Set<string>();
    while (at < marks.length && marks[at]!.start < end) held.add(marks[at++]!.term);
    let weight = 0;
    for (const term of held) weight += terms.get(term)!;
    if (weight > best.weight) {
      const start = index + (closing.exec(segment)?.[0].length ?? 0);
      best = { start, end: Math.max(start, index + segment.trimEnd().length), weight };
    }
  }
  return { start: best.start, end: best.end, marks: joined(marks) };
}

/** Pairs of letters overlap: what touches is one mark. */
function joined(marks: readonly { readonly start: number; readonly end: number }[]): [number, number][] {
  const out: [number, number][] = [];
  for (const { start, end } of marks) {
    const last = out.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else if (out.length === MARKS_MAX) break;
    else out.push([start, end]);
  }
  return out;
}

/** Share of the question's words that are in a text, each weighed by how rare it is; undefined for a question without words. */
export function coverageOf({ terms: held }: CutText, terms: QuestionTerms): number | undefined {
  const { all } = sumsOf(terms);
  if (all === 0) return undefined;
  let found = 0;
  // The shorter of the two: a question can have 10,000 words, and a page 10,000 hits.
  if (held.size < terms.size) for (const term of held) found += terms.get(term) ?? 0;
  else for (const [term, weight] of terms) if (held.has(term)) found += weight;
  return Math.min(1, found / all);
}

interface Sums {
  readonly all: number;
  readonly most: number;
}

/** Once for a question, however many hits it has. */
const sums = new WeakMap<QuestionTerms, Sums>();

function sumsOf(terms: QuestionTerms): Sums {
  let known = sums.get(terms);
  if (known === undefined) {
    let [all, most] = [0, 0];
    for (const weight of terms.values()) [all, most] = [all + weight, Math.max(most, weight)];
    sums.set(terms, (known = { all, most }));
  }
  return known;
}
