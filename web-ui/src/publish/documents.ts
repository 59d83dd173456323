import { splitPassages } from '@cosmicembeddings/sdk/passages';

/** A text on its way to be published, cut into what is embedded by itself. */
export interface NewDocument {
  /** Title, path or address: where it came from. */
  readonly source: string;
  readonly passages: readonly string[];
}

/** What is not taken, and why. */
export interface LeftOut {
  readonly name: string;
  readonly why: 'notText' | 'tooLarge';
}

export const FILE_MAX_BYTES = 4_000_000;
const TEXT_FILE = /\.(md|markdown|txt)$/i;

export function documentOf(source: string, text: string, markdown: boolean): NewDocument {
  return { source, passages: splitPassages(text, { markdown }).map((passage) => passage.text) };
}

/** Files as documents; the others are named. */
export async function documentsOf(
  files: readonly File[],
): Promise<{ readonly documents: readonly NewDocument[]; readonly left: readonly LeftOut[] }> {
  const documents: NewDocument[] = [];
  const left: LeftOut[] = [];
  for (const file of files) {
    const text = file.size > FILE_MAX_BYTES || !TEXT_FILE.test(file.name) ? undefined : await textOf(file);
    if (text === undefined) left.push({ name: file.name, why: file.size > FILE_MAX_BYTES ? 'tooLarge' : 'notText' });
    else documents.push(documentOf(file.webkitRelativePath || file.name, text, !/\.txt$/i.test(file.name)));
  }
  return { documents: documents.filter(({ passages }) => passages.length > 0), left };
}

/** Undefined for bytes that are no UTF-8. */
async function textOf(file: File): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return undefined;
  }
}
