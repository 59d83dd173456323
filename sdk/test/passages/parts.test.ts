import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { normaliseDocument, splitParts, splitPassages } from '../../src/passages/index.js';

const parts = (text: string, markdown: boolean, max: number, chunk = 7): ReturnType<typeof splitPassages>[] => {
  const chunks = Array.from({ length: Math.ceil(text.length / chunk) }, (_, i) =>
    text.slice(i * chunk, (i + 1) * chunk),
  );
  const found = [...splitParts(chunks, { markdown, wordsMin: 5, wordsMax: 20 }, max)];
  expect(found.map(({ last }) => last)).toEqual(found.map((_, i) => i === found.length - 1));
  return found.map(({ passages }) => [...passages]);
};
const saidOf = (found: ReturnType<typeof splitPassages>): string =>
  found.map(({ text, heading = '' }) => `${heading}\n${text}`).join('\n');
const lettersOf = (text: string): string => (text.match(/[\p{L}\p{N}]+/gu) ?? []).join('');

const piece = fc.oneof(
  fc.nat(9999).map((n) => `wörd${n} `),
  fc.constantFrom(
    ...[
      '\n',
      '\n\n',
      '\r\n',
      '# ',
      '\n## ',
      '- ',
      '> ',
      '```\n',
      '`',
      '*',
      '\n---\n',
      '<!-',
      '😀',
      '\ud800',
      '量子。 ',
    ],
  ),
);
const source = fc.array(piece, { maxLength: 120 }).map((all) => all.join(''));

test('in chunks and parts of any size: slices of the text, in order, and no word is lost', () => {
  fc.assert(
    fc.property(
      source,
      fc.boolean(),
      fc.integer({ min: 60, max: 400 }),
      fc.integer({ min: 1, max: 50 }),
      (dirty, markdown, max, chunk) => {
        const text = dirty.replace(/<!-/g, '<');
        const normal = normaliseDocument(text);
        const all = parts(text, markdown, max, chunk).flat();
        for (const passage of all) expect(normal).toContain(passage.text);
        for (const word of text.match(/wörd\d+/g) ?? []) expect(saidOf(all)).toContain(word);
        if (!markdown) expect(all.map((passage) => lettersOf(passage.text)).join('')).toBe(lettersOf(normal));
      },
    ),
    { numRuns: 400 },
  );
});

test('a text that is one part has the passages of the whole, and so has one that is cut at headings', () => {
  fc.assert(
    fc.property(source, fc.boolean(), (text, markdown) => {
      expect(parts(text, markdown, text.length).flat()).toEqual(
        splitPassages(text, { markdown, wordsMin: 5, wordsMax: 20 }),
      );
    }),
    { numRuns: 200 },
  );
  const book = Array.from({ length: 40 }, (_, i) => `${'#'.repeat(1 + (i % 3))} H${i}\n\nAbout heron ${i}.\n\nMore.`);
  const text = `# Book\n${book.join('\n\n')}`;
  const cut = parts(text, true, 300);
  expect(cut.length).toBeGreaterThan(3);
  expect(cut.flat()).toEqual(splitPassages(text, { markdown: true, wordsMin: 5, wordsMax: 20 }));
});

test('what begins a later part is no front matter, and a block without an end is read as plain text', () => {
  const text = `# A\n\n${'one two three. '.repeat(12)}\n\n---\nkey: 1\n---\n\n${'four five. '.repeat(12)}`;
  for (const max of [90, 100, 180, 190, 200, 250]) expect(saidOf(parts(text, true, max).flat())).toContain('key: 1');
  const fence = `a\n\n\`\`\`\n${'<!-- kept -->\n'.repeat(40)}`;
  expect(
    lettersOf(
      parts(fence, true, 100)
        .flat()
        .map((p) => p.text)
        .join(),
    ),
  ).toBe(lettersOf(fence));
});

test('no more of the text is held than a part and a chunk', () => {
  let read = 0;
  function* chunks(): Generator<string> {
    for (;;) {
      read += 1000;
      yield 'word '.repeat(199) + 'end.\n';
    }
  }
  const found = splitParts(chunks(), { markdown: true }, 10_000);
  for (let i = 1; i <= 20; i++) {
    expect(found.next().value).toMatchObject({ last: false });
    expect(read).toBeLessThanOrEqual(i * 10_000 + 1000);
  }
});
