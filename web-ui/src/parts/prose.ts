import { element, flowing } from './element.js';

type Style = 'strong' | 'em' | 'code' | 'plain';

interface Run {
  readonly start: number;
  readonly end: number;
  readonly style: Style;
}

/** Bold, emphasis, code and the words of links, by their marks; nothing else of Markdown, and never HTML. */
const MARKS =
  /(\*\*|__)(?=\S)([^\n]{1,400}?\S)\1|(?<![\w*])([*_])(?=[^\s*_])([^\n]{0,400}?[^\s*_])\3(?![\w*])|`([^`\n]{1,400})`|\[([^[\]\n]{1,400})\]\([^()\s]{1,2000}\)/g;

/** Where the text's runs stand, without the marks around them. */
function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  let at = 0;
  const plain = (end: number): void => void (end > at && runs.push({ start: at, end, style: 'plain' }));
  for (const match of text.matchAll(MARKS)) {
    const [whole, double, strong, single, em, code, link] = match;
    const before = double?.length ?? single?.length ?? 1;
    const inner = strong ?? em ?? code ?? link!;
    plain(match.index);
    const style = strong !== undefined ? 'strong' : em !== undefined ? 'em' : code !== undefined ? 'code' : 'plain';
    runs.push({ start: match.index + before, end: match.index + before + inner.length, style });
    at = match.index + whole.length;
  }
  plain(text.length);
  return runs;
}

/**
 * A passage for people: its lines run on, light Markdown is shown as what it means, and the places `marks` (offsets into
 * the passage, in order) are marked; those that do not fit mark nothing.
 */
export function prose(passage: string, marks: readonly (readonly [number, number])[] = []): Node[] {
  const text = flowing(passage);
  // Code keeps its lines and marks: what looks like emphasis there is none.
  const isCode = /^\s*(```|~~~)/m.test(passage);
  const runs: readonly Run[] = isCode ? [{ start: 0, end: text.length, style: 'plain' }] : runsOf(text);
  const fitting = marks.filter(([start, end]) => start >= 0 && end > start && end <= text.length);
  return runs.flatMap(({ start, end, style }) => {
    const parts: (Node | string)[] = [];
    let at = start;
    for (const [from, to] of fitting) {
      const [first, last] = [Math.max(from, at), Math.min(to, end)];
      if (first >= last) continue;
      if (first > at) parts.push(text.slice(at, first));
      parts.push(element('mark', {}, text.slice(first, last)));
      at = last;
    }
    if (at < end) parts.push(text.slice(at, end));
    if (style !== 'plain') return [element(style, {}, ...parts)];
    return parts.map((part) => (typeof part === 'string' ? document.createTextNode(part) : part));
  });
}

/** The passage as plain words, cut after so many characters at a space. */
export function shortened(passage: string, characters: number): string {
  if (passage.length <= characters) return passage;
  const end = passage.lastIndexOf(' ', characters);
  return `${passage.slice(0, end > characters / 2 ? end : characters)} …`;
}
