import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markdownBlocks } from '../../src/passages/markdown.js';
import { normaliseDocument, splitPassages } from '../../src/passages/index.js';

const split = (text: string) => splitPassages(text, { markdown: true });
const lettersOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** Words that stand for content, and the marks around them; the joints decide what the parser makes of it. */
const marks = fc.constantFrom(
  ...['\n', '\n\n', '\r\n', '# ', '###### ', '\n===\n', '\n---\n', '---\n', '- ', '1. ', '> ', '    ', '\t', '```\n'],
  ...[
    '~~~ ',
    '`',
    '``',
    '*',
    '__',
    '[',
    '](',
    ')',
    '![',
    '<b>',
    '</b>',
    '<!-',
    '->',
    '&',
    '\\',
    '|',
    '\u200b',
    '\ud800',
  ],
);
const contentWord = fc.nat(9999).map((n) => `wörd${n}`);
const odd = fc.constantFrom(
  '👩‍👩‍👧‍👦',
  '🏳️‍🌈',
  'ｶﾞ',
  '量子纠缠实验室。',
  'ภาษาไทยไม่มีวรรค',
  'e\u0301',
  '\udc00',
  'مرحبا',
  'x'.repeat(300),
);
const source = fc
  .array(fc.oneof(contentWord, marks, odd, fc.constant(' ')), { maxLength: 80 })
  .map((parts) => parts.join(''));

test('every passage is a slice of the normalised document, and every string is well-formed', () => {
  fc.assert(
    fc.property(source, fc.integer({ min: 1, max: 40 }), (text, wordsMax) => {
      const normal = normaliseDocument(text);
      for (const passage of splitPassages(text, { markdown: true, wordsMax })) {
        expect(normal).toContain(passage.text);
        for (const one of [passage.text, passage.heading ?? ''])
          expect(one).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
      }
    }),
    { numRuns: 500 },
  );
});

test('every word is in some passage or its heading, in order', () => {
  fc.assert(
    fc.property(source, (text) => {
      const said = split(text)
        .map(({ text: own, heading = '' }) => `${heading}\n${own}`)
        .join('\n');
      for (const word of text.replace(/<!--(?:>|->|[\s\S]*?-->)/g, ' ').match(/wörd\d+/g) ?? [])
        expect(said).toContain(word);
    }),
    { numRuns: 500 },
  );
});

test('a text without headings, comments and front matter loses no letter', () => {
  fc.assert(
    fc.property(source, (dirty) => {
      const text = normaliseDocument(dirty.replace(/[#=<>-]/g, ' '));
      expect(
        split(text)
          .flatMap((passage) => lettersOf(passage.text))
          .join(''),
      ).toBe(lettersOf(text).join(''));
    }),
    { numRuns: 500 },
  );
});

test('the same blocks whatever the window that is parsed at a time', () => {
  fc.assert(
    fc.property(source, fc.integer({ min: 1, max: 60 }), (dirty, size) => {
      // A definition reaches into the windows before it, which changes how a heading reads and nothing else.
      const text = normaliseDocument(dirty.replace(/[[\]]/g, ' '));
      expect(markdownBlocks(text, size)).toEqual(markdownBlocks(text));
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['a rule first is text', '---\nHerons stand.\n\n---\n\nAfter.', ['---\nHerons stand.\n\n---\n\nAfter.']],
  [
    'two rules around a sentence with a colon',
    '---\n\nNote: herons.\n\n---\nAfter.',
    ['---\n\nNote: herons.\n\n---\nAfter.'],
  ],
  ['front matter is not', '---\ntitle: x\ntags:\n  - y\n---\nBody.', ['Body.']],
  ['front matter that never ends is', '---\ntitle: x\nBody.', ['---\ntitle: x\nBody.']],
  [
    'a comment in a code span is code',
    'Write `<!--` and then words `-->` here.',
    ['Write `<!--` and then words `-->` here.'],
  ],
  ['a comment in a fence is code', '```html\n<!-- kept -->\n```', ['```html\n<!-- kept -->\n```']],
  ['a comment is left out, and what stands around it stays apart', 'One <!-- not --> two.', ['One', 'two.']],
  ['a comment that never ends is text', 'One <!-- two.', ['One <!-- two.']],
  ['a comment in a heading without text', '# Title <!-- not -->', ['Title']],
])('%s', (_, text, passages) => {
  expect(split(text).map((passage) => passage.text)).toEqual(passages);
});

test('long code keeps its line ends', () => {
  const code = Array.from({ length: 200 }, (_, i) => `  if (x${i}.y > 3) { return a + b; }  // note. Two`).join('\n');
  const found = split(`\`\`\`\n${code}\n\`\`\``);
  expect(found.length).toBeGreaterThan(1);
  // Each begins at a line's first sign; its other lines are as they were.
  const lines = found.flatMap((passage) => passage.text.split('\n'));
  expect(lines.map((line) => line.trim())).toEqual(`\`\`\`\n${code}\n\`\`\``.split('\n').map((line) => line.trim()));
});

test('a heading of any length is kept: in the path, or as text', () => {
  const emoji = `# ${'a'.repeat(249)}😀 end of the title\n\nText below.`;
  expect(
    split(emoji)
      .map((passage) => passage.text)
      .join('\n'),
  ).toBe(emoji.slice(2));
  expect(split('# A\n\n## Nothing below\n\n# B\n\ntext')).toEqual([
    { text: 'Nothing below', heading: 'A' },
    { text: 'text', heading: 'B' },
  ]);
});

test('a megabyte of nesting is still content', () => {
  const deep = `${'> '.repeat(20_000)}deep`;
  expect(split(deep).some((passage) => passage.text.includes('deep'))).toBe(true);
});

test.each([
  ['comments', 'a <!-- '],
  ['declarations', 'a <!A '],
  ['instructions', 'a <? '],
  ['character data', 'a <![CDATA['],
  ['tags', 'a <b c="'],
  ['emphasis', '*a_ '],
  ['links', '[a]('],
  ['pictures', '!['],
  ['lists', '- '],
  ['numbered lists', '1. '],
  ['quotations', '> '],
])('many %s that never end take no more than their share of time, and stay text', (_, opening) => {
  const text = `${opening.repeat(8000)}heron`;
  const letters = (parts: string[]): string => parts.flatMap(lettersOf).join('');
  expect(letters(split(text).map((passage) => passage.text))).toBe(letters([text]));
});

test.each([
  ['# [1.2.0] of *today* <!-- no --> `x*`\n\ntext\n\n[1.2.0]: https://example.org', '1.2.0 of today x*'],
  ['# [none] \\* and __this__\n\ntext', '[none] * and this'],
  ['# a [link](<https://example.org>) ![seen](x.png)\n\ntext', 'a link seen'],
  ['a *b*\n[c][d]\n===\n\ntext\n\n[D]: /x', 'a b c'],
])('a heading is read as people read it: %j', (text, heading) => {
  expect(split(text)[0]).toMatchObject({ heading });
});

test('text without spaces between words is cut at its own sentences', () => {
  const sentence = `${'量子纠缠'.repeat(10)}。`;
  const found = split(sentence.repeat(40));
  expect(found.length).toBeGreaterThan(1);
  for (const { text } of found) expect(text.endsWith('。') && text.length <= 600).toBe(true);
});

const cases = new URL('../../../../shared/cases/', import.meta.url);
(existsSync(cases) ? test : test.skip)('the cases that were reported (needs ../shared/cases)', () => {
  for (const name of ['01-emoji-heading.md', '02-rule-first.md', '04-long-code.md']) {
    const text = readFileSync(new URL(name, cases), 'utf8');
    const found = split(text);
    for (const passage of found) expect(text).toContain(passage.text);
    for (const word of lettersOf(text))
      expect(found.some((passage) => `${passage.heading ?? ''} ${passage.text}`.includes(word))).toBe(true);
  }
});
