import mammoth from 'mammoth';
import { counted, ReadError, type ReadDocument } from './document.js';
import { readMarkup } from './html.js';
import { unzip } from './zip.js';

/** Office Open XML text (`.docx`), by its headings. */
export async function readWord(bytes: Uint8Array): Promise<ReadDocument> {
  const names: string[] = [];
  // Looks at every size in it before mammoth unpacks any of it.
  unzip(bytes, (name) => (names.push(name), true));
  if (!names.includes('word/document.xml')) throw new ReadError('read.malformed', 'no Word document (.docx)');
  let html: string;
  try {
    ({ value: html } = await mammoth.convertToHtml(
      { buffer: Buffer.from(bytes) },
      { convertImage: mammoth.images.imgElement(() => Promise.resolve({ src: '' })), includeEmbeddedStyleMap: false },
    ));
  } catch (cause) {
    throw new ReadError('read.malformed', `no Word document that can be read: ${(cause as Error).message}`, { cause });
  }
  const { parts } = readMarkup(`<html><body>${html}</body></html>`, { mainOnly: false });
  const pictures = names.filter((name) => name.startsWith('word/media/')).length;
  return {
    format: 'Word',
    // Ids in it are those that mammoth made: they lead nowhere.
    parts: parts.map(({ text, headings }) => ({ text, ...(headings === undefined ? {} : { headings }) })),
    left: counted(pictures, 'picture', 'pictures'),
  };
}
