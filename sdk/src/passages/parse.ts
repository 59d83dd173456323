import type { Definition, Heading, Root, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as plainText } from 'mdast-util-to-string';
import { htmlText } from 'micromark-core-commonmark';
import type { Construct, Extension } from 'micromark-util-types';

/** A heading of more characters is longer than any passage's path: what its marks mean does not matter. */
const TITLE_MAX_CHARACTERS = 2000;
/** Characters that may be read in vain after a `<` that begins nothing, for each character of the text. */
const VAIN_PER_CHARACTER = 8;
/** Lists and quotations begun within each other in one line, more than 64 of them, which is no rule: time grows with their cube. */
const NESTED = /^(?![ \t]*([-*])(?:[ \t]*\1)*[ \t]*$)[ \t]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+|>[ \t]*){65}/m;

/**
 * The blocks of a Markdown text, and the code spans and HTML in them. Emphasis, links and images are left as text: no
 * passage depends on them, and the parser needs quadratic time for many that never end. Undefined for nesting that nobody
 * writes.
 */
export function parseBlocks(text: string): Root | undefined {
  if (NESTED.test(text)) return undefined;
  const none = ['attention', 'labelStartImage', 'labelStartLink', 'labelEnd', 'hardBreakEscape'];
  const html = boundedHtml(text.length * VAIN_PER_CHARACTER);
  const inline: Extension = { text: { 60: html }, disable: { null: [...none, 'htmlText'] } };
  return parse(text, [inline]);
}

/** The words of a heading as people read them, without marks. */
export function titleOf(source: string, node: Heading, labels: ReadonlySet<string>): string {
  if (!/[*_[\]]/.test(source)) return wordsOf(node);
  const whole = source.length <= TITLE_MAX_CHARACTERS;
  // A link's text is its title's where the label is defined somewhere in the text.
  const used = whole ? [...source.matchAll(/\[([^[\]]+)\]/g)].map(([, label]) => label!) : [];
  const definitions = used.filter((label) => labels.has(labelOf(label))).map((label) => `\n\n[${label}]: #`);
  const heading = (whole ? parse(source + definitions.join(''), []) : parseBlocks(source))?.children[0];
  return wordsOf(heading);
}

function wordsOf(node: RootContent | undefined): string {
  return plainText(node, { includeHtml: false }).replace(/\s+/g, ' ').trim();
}

export function labelsOf(definitions: readonly Definition[]): ReadonlySet<string> {
  return new Set(definitions.map(({ label, identifier }) => labelOf(label ?? identifier)));
}

function labelOf(label: string): string {
  return label.replace(/\s+/g, ' ').trim().toLowerCase();
}

function parse(text: string, extensions: Extension[]): Root | undefined {
  try {
    return fromMarkdown(text, { extensions });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** HTML within a paragraph, until too much of the text was searched for the end of some that has none: the rest is text. */
function boundedHtml(vainMax: number): Construct {
  let vain = 0;
  return {
    name: 'boundedHtmlText',
    tokenize(effects, ok, nok) {
      if (vain > vainMax) return nok;
      const from = this.now().offset;
      return htmlText.tokenize.call(this, effects, ok, (code) => {
        vain += this.now().offset - from;
        return nok(code);
      });
    },
  };
}
