const NOUN = 1;
const VERB = 2;
const ADJECTIVE = 4;

/** What the rules need to know of the words: the parts of speech (sum of 1 noun, 2 verb, 4 adjective), 0 when unknown. */
export type Flags = (word: string) => number;

/** Endings in the order in which they are tried, and the parts of speech that the stem must have. */
const ENDINGS: readonly (readonly [string, number])[] = [
  ['ing', VERB],
  ['ed', VERB],
  ['s', NOUN | VERB],
  ['er', ADJECTIVE],
  ['est', ADJECTIVE],
];

/** Base form of a token: the table of exceptions first, then rules that yield only words which are known (specs/embedder.md). */
export function lemmaOf(token: string, exceptions: ReadonlyMap<string, string>, flags: Flags): string {
  const exception = exceptions.get(token);
  if (exception !== undefined) return exception;
  if (token.length < 4 || !/^[a-z]+$/.test(token)) return token;
  for (const [ending, needed] of ENDINGS) {
    if (!token.endsWith(ending)) continue;
    if (needed === ADJECTIVE && (flags(token) & (NOUN | VERB)) !== 0) continue;
    for (const stem of stemsOf(token, ending)) if (stem.length >= 2 && (flags(stem) & needed) !== 0) return stem;
  }
  return token;
}

function stemsOf(token: string, ending: string): string[] {
  const stem = token.slice(0, -ending.length);
  const last = stem[stem.length - 1]!;
  if (ending === 's') {
    if (/(?:ss|us|is)$/.test(token)) return [];
    const stems = token.endsWith('ies') ? [token.slice(0, -3) + 'y', stem] : [stem];
    return token.endsWith('es') ? [...stems, token.slice(0, -2)] : stems;
  }
  if (stem.length < 2) return [];
  const stems: string[] = [];
  if (last === 'i' && ending !== 'ing') stems.push(stem.slice(0, -1) + 'y');
  if (last === stem[stem.length - 2]) stems.push(stem.slice(0, -1));
  // hoping: its p would be doubled if it came from hop
  if (/[^aeiou][aeiou][^aeiouwxy]$/.test(stem)) stems.push(stem + 'e');
  stems.push(stem, stem + 'e');
  return stems;
}
