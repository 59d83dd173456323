import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDocument } from '../dist/index.js';

const read = (html) => readDocument(new TextEncoder().encode(html), 'page.html', {});
const wordsOf = (text) => text.match(/wörd\d+/g) ?? [];
const said = ({ parts }) => parts.map(({ text, headings = [] }) => [...headings, text].join('\n')).join('\n');

const word = fc.nat(9999).map((n) => `wörd${n}`);
const between = fc.constantFrom(
  '',
  ' ',
  '\n',
  '\n\n\n',
  '&nbsp;',
  '&amp;',
  '&#128512;',
  '👩‍👩‍👧‍👦',
  '量子',
  'e\u0301',
  '\u200b',
);
const named = fc.constantFrom(
  ...[
    'p',
    'div',
    'section',
    'article',
    'main',
    'nav',
    'h1',
    'h2',
    'h3',
    'ul',
    'li',
    'dl',
    'dt',
    'dd',
    'pre',
    'code',
    'b',
    'span',
  ],
  ...[
    'table',
    'tbody',
    'tr',
    'td',
    'th',
    'caption',
    'blockquote',
    'details',
    'summary',
    'figure',
    'figcaption',
    'a',
    'label',
    'unheard-of',
  ],
);
const broken = fc.constantFrom(
  '<',
  '</p>',
  '<p',
  '<b>',
  '</table>',
  '<td>',
  '<br>',
  '<hr>',
  '&',
  '&#xd800;',
  '<!-- silent -->',
  '</body>',
);
const silent = fc.constantFrom(
  '<script>var silent</script>',
  '<style>.silent{}</style>',
  '<template>silent</template>',
  '<p hidden>silent</p>',
  '<span aria-hidden="true">silent</span>',
);
const { content } = fc.letrec((tie) => ({
  content: fc
    .array(
      fc.oneof(
        { maxDepth: 5 },
        fc.tuple(word, between).map((both) => both.join('')),
        silent,
        fc.tuple(named, tie('content')).map(([name, inside]) => `<${name}>${inside}</${name}>`),
      ),
      { maxLength: 5 },
    )
    .map((all) => all.join('')),
}));
const runs = Number(process.env.RUNS ?? 300);

test('every word of a page is in some passage or its headings, and nothing that is silent', async () => {
  await fc.assert(
    fc.asyncProperty(content, async (body) => {
      if (wordsOf(body).length === 0) return;
      const found = await read(`<html><body>${body}</body></html>`);
      const text = said(found);
      // Apart from what stands around it, too: two cells or two lines do not become one word.
      if (found.left.length === 0)
        for (const one of wordsOf(body)) assert.ok(wordsOf(text).includes(one), `${one} in ${text}`);
      assert.doesNotMatch(text, /silent/);
    }),
    { numRuns: runs },
  );
});

test('every string of a page is well-formed, however broken the page', async () => {
  const torn = fc.array(fc.oneof(content, broken, silent, word, between), { maxLength: 12 }).map((all) => all.join(''));
  await fc.assert(
    fc.asyncProperty(torn, async (html) => {
      const found = await read(`<html>${html}`).catch((error) => error);
      if (found instanceof Error) return assert.equal(found.code, 'read.empty');
      for (const { text, headings = [] } of found.parts)
        for (const one of [text, ...headings]) assert.ok(one.isWellFormed() && /[\p{L}\p{N}]/u.test(one));
    }),
    { numRuns: runs },
  );
});

test('what a page leaves out or says too early is still the page', async () => {
  for (const html of [
    '<!doctype html><title>T</title><p>one</p><p>two</p>',
    '<p>one</p><p>two</p>',
    '<html><body><p>one</p></body></html><p>two</p>',
  ])
    assert.deepEqual((await read(html)).parts, [{ text: 'one\n\ntwo' }]);
  // Two paragraphs of a cell, two lines of code, and a heading with nothing below it.
  const row = '<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table><pre>x<br>y</pre><h2 id="z">End</h2>';
  assert.deepEqual((await read(`<html><body>${row}</body></html>`)).parts, [
    { text: 'a b | c\n\nx\ny' },
    { text: 'End', at: 'z' },
  ]);
  // A table that lays out a page.
  const laidOut = '<table><tr><td><ul><li>menu</ul></td><td><h2>Kiln</h2><p>fire</p></td></tr></table>';
  assert.deepEqual((await read(laidOut)).parts, [{ text: 'menu' }, { text: 'fire', headings: ['Kiln'] }]);
});

test('UTF-8 with a damaged byte is refused by the byte, and not read as other letters', async () => {
  const page = Buffer.from('<html><head><meta charset="utf-8"></head><body><p>Töpfe für Tee</p></body></html>');
  const torn = Buffer.from([...page.subarray(0, -20), 0xc3, ...page.subarray(-20)]);
  await assert.rejects(readDocument(torn, 'a.html', {}), {
    code: 'read.malformed',
    message: `UTF-8 that is damaged at byte ${page.length - 20}`,
  });
});
