import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { hasWords, oneLine, type ReadDocument } from './document.js';
import { sectionsOf } from './sections.js';
import { decode } from './text.js';

/** What a page is about, without its menus, advertisements and scripts (Mozilla's Readability); all of it where that finds nothing. */
export function readHtml(bytes: Uint8Array): ReadDocument {
  return readMarkup(decode(bytes, charsetOf(bytes)));
}

export function readMarkup(html: string, { mainOnly = true } = {}): ReadDocument {
  const document = documentOf(html);
  const title = oneLine(document.querySelector('title')?.textContent ?? '');
  // The page itself, as far as it can be told: Readability changes what it is given and drops ids that it does not need.
  const whole = sectionsOf(document);
  // Readability takes a title from a heading with all that stands in it.
  for (const unseen of document.querySelectorAll(SILENT_IN_HEADINGS)) unseen.remove();
  // What the page itself calls its main part goes before what can be guessed.
  const named = mainOnly ? namedMain(document) : undefined;
  const main = named ?? (mainOnly && depthOf(document.documentElement) <= DEPTH_MAX ? mainParts(document) : undefined);
  const all = lettersOf(whole);
  const kept = main === undefined ? 0 : lettersOf(main);
  // A list of links or a short note is a page too: what leaves most of the words out has not found the content.
  const parts = main !== undefined && kept >= all * (named === undefined ? 0.3 : 0.1) ? main : whole;
  return {
    format: 'HTML',
    ...(title === '' ? {} : { title }),
    parts,
    left: parts === main && !saysAll(main, whole) ? ['what surrounds the main text'] : [],
  };
}

/**
 * The parser adds no `body` where a page leaves it out, as it may, and ends it where the page says so, though what follows
 * is of it still (HTML standard, 13.1.2.4 and 13.2.6.4.19). Readability needs one.
 */
function documentOf(html: string): Document {
  const open = html.replace(/<\/(?:body|html)\s*>/gi, '');
  const { document } = parseHTML(open);
  if (document.querySelector('body') !== null) return document;
  return parseHTML(`<html><body>${open.replace(/^\s*<!doctype[^>]*>/i, '')}`).document;
}

const SILENT_IN_HEADINGS = ['script', 'style', 'template', '[hidden]', '[aria-hidden=true]']
  .map((silent) => `:is(h1, h2, h3, h4, h5, h6) ${silent}`)
  .join(', ');

/** The one `main` element (or role) of a page, if it says so much that it can be meant. */
function namedMain(document: Document): ReturnType<typeof sectionsOf> | undefined {
  const found = [...document.querySelectorAll('main, [role=main]')].filter(
    (one) => one.querySelector('main, [role=main]') === null,
  );
  if (found.length !== 1) return undefined;
  const parts = sectionsOf(found[0]!);
  return lettersOf(parts) >= NAMED_MIN ? parts : undefined;
}

/** Characters. */
const NAMED_MIN = 200;

/** Readability's time grows with more than the square of it; pages that people wrote stay far below. */
const DEPTH_MAX = 120;

function depthOf(root: Element): number {
  let depth = 0;
  let level: Element[] = [root];
  for (; level.length > 0; depth++) level = level.flatMap((element) => [...element.children]);
  return depth;
}

function mainParts(document: Document): ReturnType<typeof sectionsOf> | undefined {
  let found: ReturnType<Readability['parse']>;
  try {
    found = new Readability(document as never, { keepClasses: false, charThreshold: 200 }).parse();
  } catch {
    // It walks off the end of some pages whose tags do not match.
    return undefined;
  }
  if (!found?.content || !hasWords(found.textContent ?? '')) return undefined;
  const parts = sectionsOf(parseHTML(`<html><body>${found.content}</body></html>`).document.body);
  // Readability takes a page's first heading for its title and out of the text.
  const title = oneLine(found.title ?? '');
  return parts.map((part) =>
    title === '' || part.headings?.[0] === title ? part : { ...part, headings: [title, ...(part.headings ?? [])] },
  );
}

function lettersOf(parts: readonly { readonly text: string }[]): number {
  return parts.reduce((sum, { text }) => sum + text.length, 0);
}

type Parts = ReturnType<typeof sectionsOf>;

function saysAll(main: Parts, whole: Parts): boolean {
  const wordsOf = (parts: Parts): string[] =>
    parts.flatMap(({ text, headings = [] }) =>
      [text, ...headings].flatMap((one) => one.match(/[\p{L}\p{N}]+/gu) ?? []),
    );
  const said = new Set(wordsOf(main));
  return wordsOf(whole).every((word) => said.has(word));
}

/** What the page itself says about its bytes, in the first kilobyte (HTML standard, prescan). */
function charsetOf(bytes: Uint8Array): string | undefined {
  const beginning = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(beginning)?.[1];
}
