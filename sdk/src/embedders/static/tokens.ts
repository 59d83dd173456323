/** Tokens of a text, as specs/embedder.md has them. No Unicode tables of the engine take part: they differ. */
export interface Tokens {
  readonly tokens: readonly string[];
  readonly truncated: boolean;
}

const SEPARATOR = 0;
const WORD = 1;
/** Scripts written without spaces, and emoji: read as overlapping pairs of characters. */
const UNSPACED = 2;
const MAX_TOKEN_LENGTH = 64;

/** What stands before `n't` in words that write their verb otherwise. */
export const BEFORE_NOT: ReadonlyMap<string, string> = new Map([
  ['ca', 'can'],
  ['wo', 'will'],
  ['sha', 'shall'],
]);

/**
 * `fold`: characters that count as something else (lower case, compatibility forms). `pushWord` makes tokens of one word: a
 * run of letters and digits, with apostrophes inside it and points and commas between its digits.
 */
export function scanTokens(
  text: string,
  fold: ReadonlyMap<number, string>,
  maxTokens: number,
  pushWord: (word: string, out: string[]) => void,
): Tokens {
  const folded = foldText(text, fold);
  const out: string[] = [];
  let at = 0;
  while (at < folded.length && out.length <= maxTokens) {
    const kind = kindOf(folded.charCodeAt(at));
    if (kind === WORD) {
      const end = wordEnd(folded, at);
      pushWord(folded.slice(at, end), out);
      at = end;
    } else if (kind === UNSPACED) {
      at = pushPairs(folded, at, out, maxTokens);
    } else at++;
  }
  const truncated = out.length > maxTokens;
  return { tokens: truncated ? out.slice(0, maxTokens) : out, truncated };
}

function foldText(text: string, fold: ReadonlyMap<number, string>): string {
  let ascii = true;
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) > 0x7f) {
      ascii = false;
      break;
    }
  if (ascii) return text.toLowerCase();
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) out += String.fromCharCode(code + 32);
    else out += fold.get(code) ?? text[i]!;
  }
  return out;
}

function kindOf(code: number): number {
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) ? WORD : SEPARATOR;
  if (code < 0xc0) return SEPARATOR;
  if (code < 0xe00 || (code >= 0x1e00 && code < 0x2000)) return WORD;
  if (code < 0x1e00) return UNSPACED;
  if (code < 0x2c00 || (code >= 0x2e00 && code < 0x2e80) || (code >= 0x3000 && code < 0x3040)) return SEPARATOR;
  if ((code >= 0xe000 && code < 0xf900) || (code >= 0xfe00 && code < 0xfe70)) return SEPARATOR;
  return (code >= 0xff00 && code < 0xff66) || code >= 0xfff0 ? SEPARATOR : UNSPACED;
}

/** A word goes on over apostrophes inside it and over points and commas between digits. */
function wordEnd(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (kindOf(code) === WORD) continue;
    const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0x20;
    if (code === 0x27 && kindOf(next) === WORD) continue;
    if ((code === 0x2e || code === 0x2c) && isDigit(text.charCodeAt(at - 1)) && isDigit(next)) continue;
    break;
  }
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function pushPairs(text: string, start: number, out: string[], maxTokens: number): number {
  let before = '';
  let count = 0;
  let at = start;
  while (at < text.length && kindOf(text.charCodeAt(at)) === UNSPACED && out.length <= maxTokens) {
    const char = String.fromCodePoint(text.codePointAt(at)!);
    if (count > 0) out.push(before + char);
    before = char;
    count++;
    at += char.length;
  }
  if (count === 1) out.push(before);
  return at;
}

/** Tokens are at most 64 characters long. */
export function pushToken(word: string, out: string[]): void {
  out.push(word.length > MAX_TOKEN_LENGTH ? word.slice(0, MAX_TOKEN_LENGTH) : word);
}
