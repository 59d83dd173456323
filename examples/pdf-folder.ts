import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openMemory, type OpenOptions } from '@cosmicembeddings/sdk/agent';
import { readDocument } from '@cosmicembeddings/readers'; // a package of its own: PDF, Word, EPUB, HTML, tables

/** A folder of PDFs becomes a memory: a document a page, so that a hit says where it stands. Again: only what changed is written. */
export async function library(folder: string, options: OpenOptions): Promise<string[]> {
  const memory = await openMemory({ ...options, collection: 'library' });
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.pdf'))) {
    const { parts, left } = await readDocument(await readFile(join(folder, name)), name);
    if (left.length > 0) console.error(`${name}: not read: ${left.join(', ')}`);
    await memory.remember(
      parts.map(({ text, at }, i) => ({
        text,
        id: `${name}#${at ?? i}`,
        origin: `${name}#${at ?? i}`,
        metadata: { file: name },
      })),
    );
  }
  const hits = await memory.search('at how many degrees does the kiln fire?', { k: 1 });
  return hits.map(({ text, origin }) => `${origin}: ${text}`);
}
