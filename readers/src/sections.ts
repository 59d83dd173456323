import { hasWords, oneLine, type Part } from './document.js';

const BLOCKS = new Set(
  'ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CAPTION CENTER DD DETAILS DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM HEADER HGROUP HR LI MAIN NAV OL P PRE SECTION SUMMARY TABLE TBODY TD TFOOT TH THEAD TR UL'.split(
    ' ',
  ),
);
const SILENT = new Set(
  'SCRIPT STYLE TEMPLATE NOSCRIPT HEAD TITLE IFRAME OBJECT EMBED SVG CANVAS SELECT BUTTON INPUT TEXTAREA MATH'.split(
    ' ',
  ),
);

interface Heading {
  readonly level: number;
  readonly title: string;
  readonly at: string | undefined;
  /** Something stands below it. */
  isAbove: boolean;
}

/**
 * The text below an element, a part for each heading (HTML h1–h6) with the headings above it; `at` is the id nearest
 * above. A heading with nothing below it is text. Scripts, styles and form fields are no text. A table's row is one line,
 * its cells apart by ` | `, but where it holds headings, lists or tables, as rows that lay out a page do.
 */
export function sectionsOf(root: Node, at?: string): Part[] {
  const parts: Part[] = [];
  const above: Heading[] = [];
  let paragraphs: string[] = [];
  let line = '';
  let id = at;

  const endParagraph = (): void => {
    const text = oneLine(line);
    if (hasWords(text)) paragraphs.push(text);
    line = '';
  };
  const endPart = (): void => {
    endParagraph();
    if (paragraphs.length > 0) addPart(paragraphs.join('\n\n'), id);
    paragraphs = [];
  };
  const addPart = (text: string, where: string | undefined): void => {
    for (const heading of above) heading.isAbove = true;
    parts.push({
      text,
      ...(where === undefined || where === '' ? {} : { at: where }),
      ...(above.length === 0 ? {} : { headings: above.map(({ title }) => title) }),
    });
  };
  const endHeadings = (level: number): void => {
    while (above.length > 0 && above.at(-1)!.level >= level) {
      const { title, at: where, isAbove } = above.pop()!;
      if (!isAbove) addPart(title, where);
    }
  };

  // A stack of its own instead of recursion: pages nest as deep as they like.
  const stack: (Node | (() => void))[] = [root];
  while (stack.length > 0) {
    const next = stack.pop()!;
    if (typeof next === 'function') {
      next();
      continue;
    }
    if (next.nodeType === 3) line += next.nodeValue ?? '';
    if (next.nodeType !== 1 && next.nodeType !== 9 && next.nodeType !== 11) continue;
    const element = next as Element;
    const tag = next.nodeType === 1 ? element.tagName.toUpperCase() : '';
    if (SILENT.has(tag) || (next.nodeType === 1 && isHidden(element))) continue;
    const level = /^H[1-6]$/.test(tag) ? Number(tag[1]) : 0;
    // A sign behind a heading is a link to it, as documentation tools make them.
    const title = level === 0 ? '' : oneLine(textOf(element)).replace(/\s*[¶§#\u{1F517}]$/u, '');
    if (level > 0 && hasWords(title)) {
      endPart();
      endHeadings(level);
      id = element.getAttribute('id') ?? element.querySelector('[id]')?.getAttribute('id') ?? id;
      above.push({ level, title, at: id, isAbove: false });
      continue;
    }
    if (tag === 'PRE') {
      endParagraph();
      const text = textOf(element).replace(/\s+$/u, '');
      if (hasWords(text)) paragraphs.push(text.replace(/\n{2,}/gu, '\n'));
      continue;
    }
    if (tag === 'BR') line += '\n';
    if (tag === 'TR' && element.querySelector('h1, h2, h3, h4, h5, h6, dl, ol, pre, table, ul') === null) {
      endParagraph();
      line = [...element.childNodes]
        .filter((cell) => cell.nodeType === 1 || hasWords(cell.nodeValue ?? ''))
        .map((cell) => oneLine(textOf(cell)))
        .join(' | ');
      endParagraph();
      continue;
    }
    if (BLOCKS.has(tag)) {
      endParagraph();
      stack.push(endParagraph);
      const named = tag === 'SECTION' || tag === 'ARTICLE' ? element.getAttribute('id') : null;
      if (named !== null) {
        // What stands before it is not in it.
        endPart();
        id = named;
      }
    }
    for (let child = next.lastChild; child !== null; child = child.previousSibling) stack.push(child);
  }
  endPart();
  endHeadings(0);
  return parts;
}

/** The text below a node without its silent parts, blocks on lines of their own. */
function textOf(root: Node): string {
  let text = '';
  const stack: (Node | string)[] = [root];
  while (stack.length > 0) {
    const next = stack.pop()!;
    if (typeof next === 'string') {
      text += next;
      continue;
    }
    if (next.nodeType === 3) text += next.nodeValue ?? '';
    if (next.nodeType !== 1) continue;
    const element = next as Element;
    const tag = element.tagName.toUpperCase();
    if (SILENT.has(tag) || isHidden(element)) continue;
    if (tag === 'BR') text += '\n';
    const isApart = element !== root && BLOCKS.has(tag);
    if (isApart) {
      text += '\n';
      stack.push('\n');
    }
    for (let child = element.lastChild; child !== null; child = child.previousSibling) stack.push(child);
  }
  return text;
}

function isHidden(element: Element): boolean {
  return element.hasAttribute('hidden') || element.getAttribute('aria-hidden') === 'true';
}
