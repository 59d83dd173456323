import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { testUnless } from '../../../sdk/test/skipping.ts';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
const built = existsSync(new URL('../../../readers/dist/index.js', import.meta.url));
const testWith = testUnless(built ? undefined : 'readers/ is not built; tools/ci/readers.sh does and runs this again');

const table =
  'id,title,words\n1,Kiln,The kiln fires at 1240 degrees.\n2,Glaze,Celadon needs a reducing fire.\n3,Empty,\n';
const page = `<html><head><title>Clay</title></head><body><h1 id="wedging">Wedging</h1><p>Air is worked out of the clay before throwing.</p><script>alert('stolen words')</script></body></html>`;
const code = `/** Cools the kiln. */\nexport function cool(degrees: number): number {\n  return degrees - 1;\n}\n`;

let temp: string;
let node: DemoNode | undefined;
const folder = (): string => join(temp, 'library');
const cosmic = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(
    process.execPath,
    [bin, ...args, '--home', join(temp, 'home'), '--node', node?.url ?? 'http://127.0.0.1:9'],
    {
      encoding: 'utf8',
      input: '',
    },
  );

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-readers-'));
  mkdirSync(folder());
  writeFileSync(join(folder(), 'kilns.csv'), table);
  writeFileSync(join(folder(), 'clay.html'), page);
  writeFileSync(join(folder(), 'cool.ts'), code);
  writeFileSync(join(folder(), 'notes.md'), '# Notes\n\nPlain text is read as ever.\n');
  writeFileSync(join(folder(), 'torn.pdf'), '%PDF-1.7 and nothing more');
  expect(cosmic('init', '--embedder', 'lexical').status).toBe(0);
  if (built) node = await startNode('one', { folder: temp, peers: [], detached: false });
}, 60_000);
afterAll(async () => {
  await node?.stop();
  rmSync(temp, { recursive: true, force: true });
}, 40_000);

(built ? test.skip : test)(
  'without the readers a folder’s other files are left out, and what would read them is named',
  () => {
    const { status, stdout } = cosmic('publish', folder(), '--dry-run', '--json');
    expect(status).toBe(0);
    const { documents, skipped } = JSON.parse(stdout) as {
      documents: { origin: string }[];
      skipped: { reason: string }[];
    };
    expect(documents.map(({ origin }) => origin)).toEqual(['library/notes.md']);
    expect(skipped.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^PDF is read with @cosmicembeddings\/readers/)]),
    );
    const named = cosmic('publish', join(folder(), 'kilns.csv'), '--dry-run');
    expect(named).toMatchObject({ status: 1, stderr: expect.stringMatching(/input\.unsupported.*readers/) });
  },
);

describe('with the readers', () => {
  testWith('every passage says where in its file it stands, and what is not read is named', () => {
    const { stdout, stderr, status } = cosmic('publish', folder(), '--dry-run', '--json', '--columns', 'words');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const { documents, skipped } = JSON.parse(stdout) as {
      documents: { origin: string; passages: { text: string; at?: string; heading?: string }[] }[];
      skipped: { path: string; reason: string }[];
    };
    const of = (name: string) => documents.find(({ origin }) => origin === `library/${name}`)?.passages;
    expect(of('kilns.csv')).toEqual([
      { text: 'The kiln fires at 1240 degrees.', at: 'row=2' },
      { text: 'Celadon needs a reducing fire.', at: 'row=3' },
    ]);
    expect(of('clay.html')).toEqual([
      { text: 'Air is worked out of the clay before throwing.', at: 'wedging', heading: 'Clay › Wedging' },
    ]);
    expect(of('cool.ts')).toMatchObject([{ at: 'line=0,5' }]);
    expect(of('notes.md')).toMatchObject([{ text: 'Plain text is read as ever.' }]);
    expect(skipped).toEqual([
      { path: join(folder(), 'torn.pdf'), reason: expect.stringMatching(/^input\.malformed: .*Invalid PDF/) },
    ]);
    expect(stderr).toMatch(/kilns\.csv: not read: columns without words or not asked for: id, title/);
  });

  testWith(
    'a hit names the row; a call that does not name the columns keeps them',
    () => {
      const first = cosmic('publish', join(folder(), 'kilns.csv'), '--columns', 'words');
      expect({ status: first.status, stderr: first.stderr }).toMatchObject({ status: 0 });
      expect(first.stdout).toMatch(/1 document published/);
      expect(cosmic('publish', join(folder(), 'kilns.csv')).stdout).toMatch(/1 unchanged/);
      const answer = cosmic('search', 'celadon', '--json', '--k', '1');
      expect((JSON.parse(answer.stdout) as { hits: object[] }).hits[0]).toMatchObject({ origin: 'kilns.csv#row=3' });
      const wrong = cosmic('publish', join(folder(), 'kilns.csv'), '--columns', 'nothing');
      expect(wrong).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/no column "nothing"; there are: id, title, words/),
      });
    },
    60_000,
  );

  testWith(
    'what a hit points at holds its words: page, row, line and message',
    () => {
      const files = join(temp, 'pointed');
      mkdirSync(files);
      const pages = [
        'Stoneware is fired twice.',
        'The damper is closed at night.',
        'Cones bend when they are hot enough.',
      ];
      const csv = 'id,words\n1,Slip is clay in water.\n2,Sgraffito scratches through slip.\n3,Burnish with a pebble.\n';
      const lines = ['Raku cools in sawdust.', 'Porcelain rings when struck.', 'Grog opens the clay.'];
      const mails = ['The wheel is broken.', 'The kiln shed leaks.', 'Bring the tongs on Friday.'];
      writeFileSync(join(files, 'fire.pdf'), pdf(pages));
      writeFileSync(join(files, 'words.csv'), csv);
      writeFileSync(join(files, 'lines.jsonl'), lines.map((text) => `${JSON.stringify({ text })}\n`).join(''));
      writeFileSync(
        join(files, 'shed.mbox'),
        mails
          .map(
            (text, i) =>
              `From ann@example.org Fri Nov 28 1${i}:00:00 2025\nFrom: ann@example.org\nSubject: ${i}\n\n${text}\n\n`,
          )
          .join(''),
      );
      const published = cosmic('publish', files);
      expect({ status: published.status, stderr: published.stderr }).toMatchObject({ status: 0 });
      /** Reads the file itself, by the letter of RFC 8118, 7111 and 5147; messages by their order. */
      const at: Readonly<Record<string, (fragment: string) => string | undefined>> = {
        'pointed/fire.pdf': (fragment) => pages[Number(/^page=(\d+)$/.exec(fragment)![1]) - 1],
        'pointed/words.csv': (fragment) => csv.split('\n')[Number(/^row=(\d+)$/.exec(fragment)![1]) - 1],
        'pointed/lines.jsonl': (fragment) => {
          const [, from, to] = /^line=(\d+),(\d+)$/.exec(fragment)!;
          return lines.slice(Number(from), Number(to)).join('\n');
        },
        'pointed/shed.mbox': (fragment) => mails[Number(/^message=(\d+)$/.exec(fragment)![1]) - 1],
      };
      const asked = {
        'pointed/fire.pdf': pages[2]!,
        'pointed/words.csv': 'Sgraffito scratches through slip.',
        'pointed/lines.jsonl': lines[1]!,
        'pointed/shed.mbox': mails[1]!,
      };
      for (const [file, words] of Object.entries(asked)) {
        const answer = cosmic('search', words, '--json', '--k', '1');
        const [hit] = (JSON.parse(answer.stdout) as { hits: { origin: string; passage: string }[] }).hits;
        const [origin, fragment] = hit!.origin.split('#');
        expect([origin, hit!.passage]).toEqual([file, expect.stringContaining(words)]);
        expect(at[file]!(fragment!)).toContain(words);
      }
    },
    120_000,
  );
});

/** A page by hand (ISO 32000-1, 7.5) for each line, without a table of its objects: readers find them. */
function pdf(lines: readonly string[]): string {
  const font = '<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>';
  const kids = lines.map((_, i) => `${3 + 2 * i} 0 R`).join(' ');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${lines.length} >>`,
    ...lines.flatMap((line, i) => {
      const stream = `BT /F1 12 Tf 72 720 Td (${line}) Tj ET`;
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${4 + 2 * i} 0 R /Resources ${font} >>`,
        `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
      ];
    }),
  ];
  const body = objects.map((object, i) => `${i + 1} 0 obj\n${object}\nendobj\n`).join('');
  return `%PDF-1.4\n${body}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\n%%EOF\n`;
}
