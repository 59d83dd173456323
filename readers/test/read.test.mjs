import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { strToU8, zipSync } from 'fflate';
import { endings, fileMaxBytes, readDocument, ReadError } from '../dist/index.js';

const read = (text, name, options) => readDocument(typeof text === 'string' ? strToU8(text) : text, name, options);
const refused = (code, text, name, options) =>
  assert.rejects(read(text, name, options), (error) => error instanceof ReadError && error.code === code);

/** A PDF by hand (ISO 32000-1, 7.5): a page for each list of lines, 12 points, from the top down. */
function pdf(pages, { title = '' } = {}) {
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', ''];
  const kids = [];
  for (const lines of pages) {
    const stream = `BT /F1 12 Tf 14 TL 72 720 Td ${lines.map((line) => (line === '' ? 'T* T*' : `(${line}) Tj T*`)).join(' ')} ET`;
    kids.push(`${objects.length + 1} 0 R`);
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${objects.length + 2} 0 R /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>`,
      `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    );
  }
  objects[1] = `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${kids.length} >>`;
  objects.push(`<< /Title (${title}) >>`);
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, i) => {
    const offset = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const xref = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')}`;
  return `${file}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info ${objects.length} 0 R >>\nstartxref\n${xref}\n%%EOF\n`;
}

test('a PDF: a part for each page, a cut word whole again, pages without text counted', async () => {
  const document = await read(
    pdf(
      [['The kiln fires at one thou-', 'sand degrees.', '', 'Glaze comes after.'], [], ['Celadon needs reduction.']],
      {
        title: 'Kilns',
      },
    ),
    'kilns.pdf',
  );
  assert.deepEqual(document, {
    format: 'PDF',
    title: 'Kilns',
    parts: [
      { text: 'The kiln fires at one thousand degrees.\n\nGlaze comes after.', at: 'page=1' },
      { text: 'Celadon needs reduction.', at: 'page=3' },
    ],
    left: ['1 page without text (scanned?)'],
  });
});

test('a PDF’s running titles and page numbers are no text of its pages', async () => {
  const pages = Array.from({ length: 6 }, (_, i) => [
    'Handbook of kilns',
    '',
    `Sentence ${'abcdef'[i]} of the book.`,
    '',
    `Page ${i + 1}`,
  ]);
  const { parts, left } = await read(pdf(pages), 'x.pdf');
  assert.deepEqual(
    parts.map(({ text }) => text),
    [...'abcdef'].map((letter) => `Sentence ${letter} of the book.`),
  );
  assert.deepEqual(left, ['lines that stand on most pages']);
});

test('a torn PDF is refused, one without text too', async () => {
  await refused('read.malformed', '%PDF-1.4\nnothing more', 'a.pdf');
  await refused('read.empty', pdf([[]]), 'a.pdf');
});

const article = 'The kiln fires at 1240 degrees, held for an hour until the glaze has run and settled. '.repeat(8);

test('a page: its main text by headings, not its menus, scripts or hidden parts', async () => {
  const html = `<!doctype html><html><head><title>Kilns</title><style>p{}</style></head><body>
    <nav><ul><li><a href="/">Home</a></li><li><a href="/shop">Shop</a></li></ul></nav>
    <article><h1 id="top">Firing</h1><p>${article}</p><h2 id="cone">Cone 6</h2><p>${article}</p><p hidden>secret</p>
    <script>alert('evil words')</script><table><tr><th>Cone</th><th>Degrees</th></tr><tr><td>6</td><td>1222</td></tr></table></article>
    <footer>Imprint and cookies</footer></body></html>`;
  const { parts, title } = await read(html, 'page.html');
  assert.equal(title, 'Kilns');
  const all = parts.map(({ text }) => text).join('\n');
  assert.match(all, /6 \| 1222/);
  assert.doesNotMatch(all, /evil words|secret|Shop|cookies/);
  const cone = parts.find(({ text }) => text.includes('1222'));
  assert.equal(cone.at, 'cone');
  assert.equal(cone.headings.at(-1), 'Cone 6');
});

test('what a page calls its main part is taken, however short; a part says the section that it stands in', async () => {
  const words = 'string lower converts each argument to lowercase, and says by its status whether there was one. ';
  const html = `<html><body><div class="related"><h3>Navigation</h3><ul><li>index</li></ul></div><div role="main">
    <section id="synopsis"><h2>Synopsis</h2><p>string lower [-q]</p></section>
    <section id="description"><h2>Description</h2><p>${words.repeat(3)}</p></section></div><div>${'Other pages. '.repeat(60)}</div></body></html>`;
  const { parts, left } = await read(html, 'page.html');
  assert.deepEqual(
    parts.map(({ at, headings }) => [at, headings]),
    [
      ['synopsis', ['Synopsis']],
      ['description', ['Description']],
    ],
  );
  assert.deepEqual(left, ['what surrounds the main text']);
});

test('a short page is read whole; one that nests as deep as it likes ends', async () => {
  const { parts } = await read('<html><body><h1>A</h1><p>Two<br>lines</p><pre>a\n  b</pre></body></html>', 'a.htm');
  assert.deepEqual(parts, [{ text: 'Two lines\n\na\n  b', headings: ['A'] }]);
  const deep = await read(
    `<html><body>${'<div>'.repeat(3000)}deep word${'</div>'.repeat(3000)}</body></html>`,
    'd.html',
  );
  assert.equal(deep.parts[0].text, 'deep word');
});

test('an old page in the encoding that it names', async () => {
  const bytes = Buffer.from(
    '<html><head><meta charset="iso-8859-2"></head><body><p>Gda\xf1sk</p></body></html>',
    'latin1',
  );
  assert.equal((await read(bytes, 'a.html')).parts[0].text, 'Gdańsk');
});

const word = (body, extra = {}) =>
  zipSync({
    '[Content_Types].xml': strToU8(
      '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    ),
    '_rels/.rels': strToU8(
      '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    ),
    'word/document.xml': strToU8(
      `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
    ),
    ...extra,
  });
const paragraph = (text, style = '') =>
  `<w:p>${style === '' ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t>${text}</w:t></w:r></w:p>`;

test('Word by its headings, pictures counted', async () => {
  const file = word(paragraph('Kilns', 'Heading1') + paragraph('They are hot.'), {
    'word/media/image1.png': new Uint8Array(3),
  });
  assert.deepEqual(await read(file, 'a.docx'), {
    format: 'Word',
    parts: [{ text: 'They are hot.', headings: ['Kilns'] }],
    left: ['1 picture'],
  });
  await refused('read.malformed', zipSync({ 'a.txt': strToU8('x') }), 'a.docx');
  await refused('read.malformed', 'PK\u0003\u0004 torn', 'a.docx');
});

test('an archive that unpacks to more than is read is refused by what it says of itself', async () => {
  const bomb = word(paragraph('x'), { 'word/big.xml': new Uint8Array(257 * 1024 * 1024) });
  assert.ok(bomb.length < 2 ** 20);
  await refused('read.too_large', bomb, 'a.docx');
});

const epub = (opf, files) =>
  zipSync(
    Object.fromEntries(
      Object.entries({
        mimetype: 'application/epub+zip',
        'META-INF/container.xml':
          '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        'OEBPS/book.opf': opf,
        ...files,
      }).map(([name, text]) => [name, strToU8(text)]),
    ),
  );
const chapter = (body) =>
  `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>${body}</body></html>`;

test('a book in its reading order, without its table of contents', async () => {
  const file = epub(
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Fire</dc:title></metadata><manifest><item id="n" href="nav.xhtml" properties="nav"/><item id="b" href="two%20b.xhtml"/><item id="a" href="a.xhtml"/><item id="x" href="../../etc/passwd.html"/></manifest><spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="x"/></spine></package>',
    {
      'OEBPS/nav.xhtml': chapter('<p>Contents</p>'),
      'OEBPS/a.xhtml': chapter('<h1 id="one">One</h1><p>First words.</p>'),
      'OEBPS/two b.xhtml': chapter('<p>Second words.</p>'),
    },
  );
  assert.deepEqual(await read(file, 'fire.epub'), {
    format: 'EPUB',
    title: 'Fire',
    parts: [
      { text: 'First words.', at: 'OEBPS/a.xhtml#one', headings: ['One'] },
      { text: 'Second words.', at: 'OEBPS/two b.xhtml' },
    ],
    left: ['1 chapter that is not in the file'],
  });
  await refused('read.malformed', zipSync({ mimetype: strToU8('application/epub+zip') }), 'a.epub');
});

test('a book whose spine names each section of a file reads the file once; an element closed at once holds nothing', async () => {
  const file = epub(
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml"/><item id="b" href="a.xhtml#two"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
    {
      'OEBPS/a.xhtml': chapter(
        '<h1 id="one">One<script src="x.js" /></h1><p><a id="p1" />First words.</p><p id="two">More.</p>',
      ),
    },
  );
  const { parts } = await read(file, 'fire.epub');
  assert.deepEqual(parts, [{ text: 'First words.\n\nMore.', at: 'OEBPS/a.xhtml#one', headings: ['One'] }]);
});

test('reading a PDF writes nothing beside the answer', () => {
  const program = `import { readDocument } from '${new URL('../dist/index.js', import.meta.url)}';
    const { parts } = await readDocument(Buffer.from(process.env.PDF, 'latin1'), 'a.pdf'); console.log(parts.length);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, PDF: pdf([['One line.']]) },
  });
  assert.deepEqual([stdout, stderr], ['1\n', '']);
});

const message =
  'From: Ada <ada@example.org>\r\nSubject: =?utf-8?q?Kiln_=C2=B0C?=\r\nDate: Thu, 1 Feb 2024 10:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nIt fires at 1240 =C2=B0C.\r\n';

test('a message: subject, sender and day above its text', async () => {
  assert.deepEqual(await read(message, 'a.eml'), {
    format: 'e-mail',
    title: 'Kiln °C',
    parts: [{ text: 'It fires at 1240 °C.', headings: ['Kiln °C', 'Ada, 2024-02-01'] }],
    left: [],
  });
  await refused('read.malformed', 'just words\n', 'a.eml');
});

test('a mailbox: each message with its number', async () => {
  const box = `From ada Thu Feb  1 10:00:00 2024\n${message.replaceAll('\r', '')}\nFrom bob Fri Feb  2 10:00:00 2024\nFrom: Bob <b@example.org>\nSubject: Re\n\n>From the start it was warm.\n`;
  const { parts } = await read(box, 'a.mbox');
  assert.deepEqual(
    parts.map(({ at, text }) => [at, text]),
    [
      ['message=1', 'It fires at 1240 °C.'],
      ['message=2', 'From the start it was warm.'],
    ],
  );
  await refused('read.malformed', 'no mailbox', 'a.mbox');
});

const table =
  'id;name;when;words\r\n1;Kiln;2024-01-01;"It fires\nat 1240; hot"\r\n2;;2024-01-02;\r\n3;Glaze;2024-01-03;Celadon\r\n';

test('a table: words of a row under their columns, rows by number, the rest named', async () => {
  const { parts, left } = await read(table, 'a.csv');
  assert.deepEqual(parts, [
    { text: 'name: Kiln\nwords: It fires\nat 1240; hot', at: 'row=2' },
    { text: 'name: Glaze\nwords: Celadon', at: 'row=4' },
  ]);
  assert.deepEqual(left, ['columns without words or not asked for: id, when', '1 row without words in those columns']);
});

test('a table: chosen columns', async () => {
  const { parts } = await read(table, 'a.csv', { columns: ['words'] });
  assert.deepEqual(
    parts.map(({ text }) => text),
    ['It fires\nat 1240; hot', 'Celadon'],
  );
  await assert.rejects(
    read(table, 'a.csv', { columns: ['word'] }),
    /no column "word"; there are: id, name, when, words/,
  );
  await refused('read.malformed', 'a,b\n"open,1\n', 'a.csv');
});

test('JSON Lines: strings with their paths, or chosen ones; a line that is none is named', async () => {
  const lines =
    '{"id":1,"text":"It fires","by":{"name":"Ada"}}\n\n{"id":2,"text":"Celadon","by":{"name":"Bob"}}\n{"id":3}\n';
  const { parts, left } = await read(lines, 'a.jsonl');
  assert.deepEqual(parts, [
    { text: 'text: It fires\nby.name: Ada', at: 'line=0,1' },
    { text: 'text: Celadon\nby.name: Bob', at: 'line=2,3' },
  ]);
  assert.deepEqual(left, ['1 line without words']);
  assert.deepEqual(
    (await read(lines, 'a.ndjson', { columns: ['by.name'] })).parts.map(({ text }) => text),
    ['Ada', 'Bob'],
  );
  await refused('read.column', lines, 'a.jsonl', { columns: ['constructor.name'] });
  await assert.rejects(read('{"a":"b"}\n{oops\n', 'a.jsonl'), /line 2/);
});

test('code: whole pieces with their lines, every line in one of them', async () => {
  const piece = (name) => `/** Does ${name}. */\nfunction ${name}() {\n${'  work();\n'.repeat(14)}}\n`;
  const code = ['one', 'two', 'three'].map(piece).join('\n');
  const { parts } = await read(code, 'a.ts');
  assert.equal(parts.length, 3);
  const lines = code.split('\n');
  for (const { text, at } of parts) {
    const [from, to] = /line=(\d+),(\d+)/.exec(at).slice(1).map(Number);
    assert.equal(text, lines.slice(from, to).join('\n').trim());
  }
  const long = await read(`f(\n${'  x,\n'.repeat(200)})`, 'a.js');
  assert.ok(long.parts.every(({ text }) => text.split('\n').length <= 60));
});

test('the bytes count more than the name; what no reader knows is refused with what there is', async () => {
  assert.equal((await read(pdf([['Words here.']]), 'strange.csv')).format, 'PDF');
  assert.equal((await read('<!DOCTYPE html><html><body>Words</body></html>', 'noending')).format, 'HTML');
  await refused('read.unsupported', 'text', 'a.xyz');
  await refused('read.unsupported', 'text', 'a.constructor');
  await refused('read.too_large', { length: fileMaxBytes + 1 }, 'a.pdf');
  assert.ok(endings.includes('.epub'));
});
