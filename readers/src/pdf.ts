import { counted, hasWords, oneLine, ReadError, type Part, type ReadDocument } from './document.js';

/** The parts of pdf.js that are used, by its documentation (`getTextContent`). */
interface TextItem {
  readonly str: string;
  readonly hasEOL: boolean;
  /** `[a, b, c, d, x, y]`: y grows upwards. */
  readonly transform: readonly number[];
  readonly height: number;
}

let loading: ReturnType<typeof loadPdfJs> | undefined;

/** Drawing alone needs what pdf.js complains of when it is loaded; a matrix it makes even so. */
async function loadPdfJs() {
  (globalThis as { DOMMatrix?: unknown }).DOMMatrix ??= class {};
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import('pdfjs-dist/legacy/build/pdf.mjs');
  } finally {
    console.warn = warn;
  }
}

/** A part for each page. What was only drawn or scanned holds no text and is counted. */
export async function readPdf(bytes: Uint8Array): Promise<ReadDocument> {
  const { getDocument, VerbosityLevel } = await (loading ??= loadPdfJs());
  const task = getDocument({
    data: Uint8Array.from(bytes),
    verbosity: VerbosityLevel.ERRORS,
    isEvalSupported: false,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    stopAtErrors: false,
  });
  try {
    const pdf = await task.promise;
    const pages: string[][] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(paragraphsOf(items.filter((item): item is typeof item & TextItem => 'str' in item)));
      page.cleanup();
    }
    const running = runningLines(pages);
    const parts: Part[] = [];
    for (const [i, paragraphs] of pages.entries()) {
      const text = paragraphs.filter((one, j) => !(isEdge(j, paragraphs) && running.has(nameOf(one)))).join('\n\n');
      if (hasWords(text)) parts.push({ text, at: `page=${i + 1}` });
    }
    const empty = pages.filter((paragraphs) => !paragraphs.some(hasWords)).length;
    const title = titleOf((await pdf.getMetadata().catch(() => undefined))?.info);
    return {
      format: 'PDF',
      ...(title === undefined ? {} : { title }),
      parts,
      left: [
        ...counted(empty, 'page without text (scanned?)', 'pages without text (scanned?)'),
        ...(running.size > 0 ? ['lines that stand on most pages'] : []),
      ],
    };
  } catch (cause) {
    if (cause instanceof ReadError) throw cause;
    if ((cause as Error).name === 'PasswordException')
      throw new ReadError('read.locked', 'the PDF opens only with a password: save a copy without', { cause });
    throw new ReadError('read.malformed', `no PDF that can be read: ${(cause as Error).message}`, { cause });
  } finally {
    await task.destroy();
  }
}

/** Lines that follow one another closely are a paragraph; a word that was cut at a line's end is one word again. */
function paragraphsOf(items: readonly TextItem[]): string[] {
  const paragraphs: string[] = [];
  let paragraph = '';
  let line = '';
  let lastY: number | undefined;
  let lastHeight = 0;
  const endLine = (): void => {
    const text = line.replace(/[ \t\u00a0]+/gu, ' ').trim();
    line = '';
    if (text === '') return;
    if (/\p{Ll}[-\u00ad\u2010]$/u.test(paragraph) && /^\p{Ll}/u.test(text)) paragraph = paragraph.slice(0, -1) + text;
    else paragraph += (paragraph === '' ? '' : ' ') + text;
  };
  const endParagraph = (): void => {
    endLine();
    if (paragraph !== '') paragraphs.push(paragraph);
    paragraph = '';
  };
  for (const { str, hasEOL, transform, height } of items) {
    const y = transform[5] ?? 0;
    const size = height > 0 ? height : lastHeight;
    if (str.trim() !== '') {
      // More than one and a half lines down, or back up: another paragraph, another column.
      if (
        lastY !== undefined &&
        (lastY - y > 1.7 * Math.max(size, lastHeight) || y - lastY > 0.8 * Math.max(size, lastHeight))
      )
        endParagraph();
      lastY = y;
      if (height > 0) lastHeight = height;
    }
    line += str;
    if (hasEOL) endLine();
  }
  endParagraph();
  return paragraphs;
}

/** Titles and numbers at the head or foot of most pages: no content of any of them. */
function runningLines(pages: readonly (readonly string[])[]): ReadonlySet<string> {
  const seen = new Map<string, number>();
  for (const paragraphs of pages)
    for (const name of new Set(paragraphs.filter((_, i) => isEdge(i, paragraphs)).map(nameOf)))
      seen.set(name, (seen.get(name) ?? 0) + 1);
  return new Set([...seen].filter(([, count]) => count >= 4 && count > pages.length / 3).map(([name]) => name));
}

function isEdge(index: number, paragraphs: readonly string[]): boolean {
  return index === 0 || index === paragraphs.length - 1;
}

/** Page numbers differ from page to page. */
function nameOf(paragraph: string): string {
  return paragraph.length > 120 ? paragraph : paragraph.replace(/\d+/gu, '0');
}

function titleOf(info: unknown): string | undefined {
  const title = (info as { Title?: unknown } | undefined)?.Title;
  return typeof title === 'string' && hasWords(title) ? oneLine(title) : undefined;
}
