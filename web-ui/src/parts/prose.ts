import { element } from './element.js';

type Style = 'strong' | 'em' | 'code' | 'plain';
type Marks = readonly (readonly [number, number])[];

/** A stretch of the text: from `start`, up to before `end`. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}
interface Run extends Stretch {
  readonly style: Style;
}
interface Part {
  start: number;
  end: number;
  is: 'code' | 'table' | 'heading' | 'bullets' | 'numbers' | 'text';
  /** Where its lines are, without the marks before them; those of an item that goes on are one. */
  lines: readonly Stretch[];
}

/** Bold, emphasis, code and the words of links, by their marks; nothing else of Markdown, and never HTML. */
const MARKS =
  /(\*\*|__)(?=\S)([^\n]{1,400}?\S)\1|(?<![\w*])([*_])(?=[^\s*_])([^\n]{0,400}?[^\s*_])\3(?![\w*])|`([^`\n]{1,400})`|\[([^[\]\n]{1,400})\]\([^()\s]{1,2000}\)/g;

const FENCE = /^\s{0,3}(?:```|~~~)/;
const ROW = /^\s{0,3}\|.*\|\s*$/;
const RULE = /^\s{0,3}\|(?:\s*:?-+:?\s*\|)+\s*$/;
const HEADING = /^\s{0,3}#{1,6}\s+(?=\S)/;
const BULLET = /^\s{0,3}[-*+]\s+(?=\S)/;
const NUMBER = /^\s{0,3}\d{1,4}[.)]\s+(?=\S)/;

/** Where the runs of a stretch stand, without the marks around them. */
function runsOf(text: string, { start, end }: Stretch): Run[] {
  const runs: Run[] = [];
  let at = start;
  const plain = (to: number): void => void (to > at && runs.push({ start: at, end: to, style: 'plain' }));
  for (const match of text.slice(start, end).matchAll(MARKS)) {
    const [whole, double, strong, single, em, code, link] = match;
    const before = start + match.index;
    const from = before + (double?.length ?? single?.length ?? 1);
    const inner = strong ?? em ?? code ?? link!;
    plain(before);
    const style = strong !== undefined ? 'strong' : em !== undefined ? 'em' : code !== undefined ? 'code' : 'plain';
    runs.push({ start: from, end: from + inner.length, style });
    at = before + whole.length;
  }
  plain(end);
  return runs;
}

/** Runs as nodes, with what is marked of them. */
function nodesOfRuns(text: string, runs: readonly Run[], marks: Marks): Node[] {
  return runs.flatMap(({ start, end, style }) => {
    const parts: (Node | string)[] = [];
    let at = start;
    for (const [from, to] of marks) {
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

/** The text's lines, put together to what they are. A passage holds few of them: read once, from the top. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let fenced: Part | undefined;
  for (const { start, end } of linesOf(text)) {
    const line = text.slice(start, end);
    const last = parts.at(-1);
    if (fenced !== undefined) {
      if (FENCE.test(line)) fenced = undefined;
      else {
        if (fenced.lines.length === 0) [fenced.start, fenced.lines] = [start, [{ start, end }]];
        fenced.end = end;
      }
      continue;
    }
    if (FENCE.test(line)) {
      parts.push((fenced = { is: 'code', start: end, end, lines: [] }));
      continue;
    }
    const [is, before] = kindOf(line);
    const bare = { start: start + before, end };
    // An item goes on in the next line.
    const goesOn = is === 'text' && line.trim() !== '' && last?.end === start - 1 && isList(last);
    if (last === undefined || (!goesOn && (last.is !== is || is === 'heading')))
      parts.push({ is, start, end, lines: [bare] });
    else {
      last.end = end;
      last.lines = goesOn ? [...last.lines.slice(0, -1), { ...last.lines.at(-1)!, end }] : [...last.lines, bare];
    }
  }
  // One row alone is a line with bars in it.
  return parts.map((part) => (part.is === 'table' && part.lines.length < 2 ? { ...part, is: 'text' } : part));
}

function isList({ is }: Part): boolean {
  return is === 'bullets' || is === 'numbers';
}

/** What a line is, and how long the mark before its words. */
function kindOf(line: string): [is: Part['is'], before: number] {
  if (ROW.test(line)) return ['table', 0];
  const [heading, bullet, number] = [HEADING, BULLET, NUMBER].map((mark) => mark.exec(line)?.[0].length);
  if (heading !== undefined) return ['heading', heading];
  if (bullet !== undefined) return ['bullets', bullet];
  return number === undefined ? ['text', 0] : ['numbers', number];
}

function linesOf(text: string): Stretch[] {
  let start = 0;
  return text.split('\n').map((line) => {
    const own = { start, end: start + line.length };
    start = own.end + 1;
    return own;
  });
}

/** Lines that an editor has broken run on: of the same length, so that places stay. */
function flowing(text: string, parts: readonly Part[]): string {
  let flown = text;
  for (const { is, start, end } of parts)
    if (is === 'text') flown = flown.slice(0, start) + runOn(text.slice(start, end)) + flown.slice(end);
  return flown;
}

function runOn(text: string): string {
  return text.replace(/([^\n])\n(?![\n\s]|>)/g, '$1 ');
}

/** A row's cells, without the bars and blanks around them; a bar after a backslash is a bar. */
function cellsOf(text: string, { start, end }: Stretch): Stretch[] {
  const cells: Stretch[] = [];
  let from = text.indexOf('|', start) + 1;
  for (let at = from; at < end; at++) {
    if (text[at] !== '|' || text[at - 1] === '\\') continue;
    cells.push(trimmed(text, { start: from, end: at }));
    from = at + 1;
  }
  return cells;
}

function tableOf(text: string, lines: readonly Stretch[], marks: Marks): HTMLElement {
  const isRule = ({ start, end }: Stretch): boolean => RULE.test(text.slice(start, end));
  const isHeaded = lines[1] !== undefined && isRule(lines[1]);
  const row = (line: Stretch, name: 'th' | 'td'): HTMLElement =>
    element(
      'tr',
      {},
      ...cellsOf(text, line).map((cell) =>
        element(name, name === 'th' ? { scope: 'col' } : {}, ...nodesOfRuns(text, runsOf(text, cell), marks)),
      ),
    );
  const body = lines.filter((line, i) => !isRule(line) && !(isHeaded && i === 0));
  return element(
    'table',
    { class: 'said' },
    isHeaded ? element('thead', {}, row(lines[0]!, 'th')) : undefined,
    element('tbody', {}, ...body.map((line) => row(line, 'td'))),
  );
}

/**
 * A passage for people: its lines run on; headings, lists, tables, code, emphasis and the words of links are shown as what
 * they mean; nothing else of Markdown is, and never HTML. The places `marks` (offsets into the passage, in order) are marked;
 * those that do not fit mark nothing.
 */
export function prose(passage: string, marks: Marks = []): Node[] {
  const parts = partsOf(passage);
  const text = flowing(passage, parts);
  const fitting = fittingOf(marks, text);
  return parts.flatMap((part): Node[] => {
    const { is, lines } = part;
    const inline = (stretch: Stretch): Node[] => nodesOfRuns(text, runsOf(text, stretch), fitting);
    switch (is) {
      case 'code':
        return [element('pre', { dir: 'ltr' }, ...nodesOfRuns(text, [{ ...part, style: 'plain' }], fitting))];
      case 'table':
        return [element('div', { class: 'wide' }, tableOf(text, lines, fitting))];
      case 'heading':
        return [element('div', { class: 'heading' }, ...inline(lines[0]!))];
      case 'bullets':
        return [element('ul', {}, ...lines.map((line) => element('li', {}, ...inline(line))))];
      case 'numbers': {
        const start = String(Number.parseInt(text.slice(part.start, part.end), 10));
        return [element('ol', { start }, ...lines.map((line) => element('li', {}, ...inline(line))))];
      }
      case 'text': {
        const words = trimmed(text, part);
        return words.start === words.end ? [] : [element('div', {}, ...inline(words))];
      }
    }
  });
}

/** The same in a line: where nothing but words fits. */
export function proseLine(passage: string, marks: Marks = []): Node[] {
  // Of the same length, so that places stay: a fence or the rule of a table says nothing in a line, a bar parts.
  const blank = (line: string): string => ' '.repeat(line.length);
  const text = passage
    .split('\n')
    .map((line) => {
      if (FENCE.test(line) || RULE.test(line)) return blank(line);
      return ROW.test(line) ? line.replace(/^\s*\||\|\s*$/g, blank).replaceAll('|', '·') : line;
    })
    .join(' ');
  return nodesOfRuns(text, runsOf(text, { start: 0, end: text.length }), fittingOf(marks, text));
}

function trimmed(text: string, { start, end }: Stretch): Stretch {
  const said = text.slice(start, end);
  const from = start + said.length - said.trimStart().length;
  return { start: from, end: Math.max(from, start + said.trimEnd().length) };
}

function fittingOf(marks: Marks, { length }: string): Marks {
  return marks.filter(([start, end]) => start >= 0 && end > start && end <= length);
}

/** The passage as plain words, cut after so many characters at a space. */
export function shortened(passage: string, characters: number): string {
  if (passage.length <= characters) return passage;
  const end = passage.lastIndexOf(' ', characters);
  return `${passage.slice(0, end > characters / 2 ? end : characters)} …`;
}
