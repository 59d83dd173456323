import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitPassages } from '../../src/passages/index.js';

const words = (n: number, word = 'word'): string => Array.from({ length: n }, (_, i) => `${word}${i}`).join(' ');
const markdown = (text: string) => splitPassages(text, { markdown: true });

describe('Markdown', () => {
  test('a passage knows the headings above it', () => {
    const found = markdown(
      `# Book\n\n${words(60)}\n\n## One\n\n${words(60, 'a')}\n\n### Deep\n\n${words(60, 'b')}\n\n## Two\n\n${words(60, 'c')}`,
    );
    expect(found.map((passage) => passage.heading)).toEqual(['Book', 'Book › One', 'Book › One › Deep', 'Book › Two']);
  });

  test('underlined headings count, rules and tables do not', () => {
    const found = markdown(`Title\n=====\n\nfirst part\n\n---\n\nsecond part\n\nSub\n---\n\nthird part`);
    expect(found).toEqual([
      { text: 'first part\n\n---\n\nsecond part', heading: 'Title' },
      { text: 'third part', heading: 'Title › Sub' },
    ]);
  });

  test('a # inside a fence is code, and the fence stays whole', () => {
    const found = markdown('# A\n\n```sh\n# no heading\n\necho hi\n```\n\nafter');
    expect(found).toEqual([{ text: '```sh\n# no heading\n\necho hi\n```\n\nafter', heading: 'A' }]);
  });

  test('marks in headings, front matter and comments are no content', () => {
    expect(markdown('---\ntitle: x\n---\n# The `accept` *door* [here](x.md) #\n\n<!-- note -->text')).toEqual([
      { text: 'text', heading: 'The accept door here' },
    ]);
  });

  test('short paragraphs of a section are joined, those of two sections are not', () => {
    const found = markdown(`# A\n\none\n\ntwo\n\n# B\n\nthree`);
    expect(found.map((passage) => passage.text)).toEqual(['one\n\ntwo', 'three']);
  });

  test('nothing but headings is still a passage', () => {
    expect(markdown('# One\n## Two')).toEqual([{ text: 'Two', heading: 'One' }]);
  });
});

describe('plain text', () => {
  const plain = (text: string) => splitPassages(text, { markdown: false });

  test('paragraphs, without headings', () => {
    expect(plain(`# not a heading\n${words(60)}\n\n${words(60, 'x')}`)).toHaveLength(2);
    expect(plain('# a\n\nb')).toEqual([{ text: '# a\n\nb' }]);
  });

  test('a long paragraph is cut at sentences', () => {
    const sentence = `${words(39)} end.`;
    const found = plain(Array.from({ length: 20 }, () => sentence).join(' '));
    expect(found.length).toBeGreaterThan(2);
    for (const { text } of found) expect(text.endsWith('end.')).toBe(true);
  });

  test('without any letter or digit there is nothing', () => {
    expect(plain(' \n\n *** --- … \n')).toEqual([]);
    expect(plain('')).toEqual([]);
  });
});

test('no word is lost, and no passage is over its limits, whatever the text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.lorem({ maxCount: 40 }), fc.constantFrom('\n', '\n\n', '# ', '- ', '```\n', '. ')), {
        maxLength: 60,
      }),
      (parts) => {
        const text = parts.join(' ');
        const found = splitPassages(text, { markdown: false });
        const letters = (value: string): string => value.replace(/[^\p{L}\p{N}]/gu, '');
        expect(found.map((passage) => letters(passage.text)).join('')).toBe(letters(text));
        for (const passage of found) expect(passage.text.split(/\s+/).length).toBeLessThanOrEqual(300);
      },
    ),
  );
});

test('a megabyte without a space is cut into passages of bounded size', () => {
  const found = splitPassages('a'.repeat(1_000_000), { markdown: true });
  expect(found.map((passage) => passage.text).join('')).toHaveLength(1_000_000);
  for (const { text } of found) expect(text.length).toBeLessThanOrEqual(8000);
});
