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
  const { document } = parseHTML(html);
  const title = oneLine(document.querySelector('title')?.textContent ?? '');
  // The page itself, as far as it can be told: Readability changes what it is given and drops ids that it does not need.
  const body = document.body ?? document.documentElement;
  const whole = sectionsOf(body);
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
    left: parts === main && kept < all * 0.95 ? ['what surrounds the main text'] : [],
  };
}

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
  const found = new Readability(document as never, { keepClasses: false, charThreshold: 200 }).parse();
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

/** What the page itself says about its bytes, in the first kilobyte (HTML standard, prescan). */
function charsetOf(bytes: Uint8Array): string | undefined {
  const beginning = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  return /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(beginning)?.[1];
}
