import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from '@jest/globals';
import { startNode, type DemoNode } from '../cli/src/demo/nodes.js';
import { signerOfSeed } from '@cosmicembeddings/sdk';
import { testUnless } from '../sdk/test/skipping.ts';

const built = existsSync(new URL('../readers/dist/index.js', import.meta.url));
const testWith = testUnless(built ? undefined : 'readers/ is not built; tools/ci/readers.sh does and runs this again');

/** A page by hand (ISO 32000-1, 7.5), without a table of its objects: readers find them. */
function pdf(line: string): string {
  const stream = `BT /F1 12 Tf 72 720 Td (${line}) Tj ET`;
  const font = '<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>';
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources ${font} >>`,
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
  ];
  const body = objects.map((object, i) => `${i + 1} 0 obj\n${object}\nendobj\n`).join('');
  return `%PDF-1.4\n${body}trailer\n<< /Size 5 /Root 1 0 R >>\n%%EOF\n`;
}

let temp: string | undefined;
let node: DemoNode | undefined;
afterAll(async () => {
  await node?.stop();
  if (temp !== undefined) await rm(temp, { recursive: true, force: true });
}, 40_000);

testWith(
  'a folder of PDFs is a memory whose hits say the page',
  async () => {
    temp = await mkdtemp(join(tmpdir(), 'pdf-folder-'));
    await writeFile(join(temp, 'kilns.pdf'), pdf('The kiln fires at 1240 degrees.'));
    await writeFile(join(temp, 'bread.pdf'), pdf('Bread is baked until its crust is brown.'));
    node = await startNode('one', { folder: temp, peers: [], detached: false });
    const { library } = await import('./pdf-folder.ts');
    const options = { node: node.url, key: signerOfSeed(new Uint8Array(32).fill(8)), embedder: 'lexical' } as const;
    const expected = ['kilns.pdf#page=1: The kiln fires at 1240 degrees.'];
    expect(await library(temp, options)).toEqual(expected);
    expect(await library(temp, options)).toEqual(expected);
  },
  120_000,
);
