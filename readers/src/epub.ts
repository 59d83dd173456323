import { parseHTML } from 'linkedom';
import { counted, oneLine, ReadError, type Part, type ReadDocument } from './document.js';
import { sectionsOf } from './sections.js';
import { decode } from './text.js';
import { unzip } from './zip.js';

/** A book in its reading order (EPUB 3.3, package document's spine); `at` is the chapter's file and the id in it. */
export function readEpub(bytes: Uint8Array): ReadDocument {
  const isText = (name: string): boolean => /\.(?:x?html?|opf|xml)$/i.test(name);
  let pictures = 0;
  const files = unzip(bytes, (name) => {
    if (/\.(?:jpe?g|png|gif|svg|webp)$/i.test(name)) pictures++;
    return isText(name);
  });
  const text = (name: string): string | undefined => (files[name] === undefined ? undefined : decode(files[name]));
  const packageFile = attribute(text('META-INF/container.xml'), /<(?:\w+:)?rootfile\b[^>]*>/i, 'full-path');
  const opf = packageFile === undefined ? undefined : text(packageFile);
  if (packageFile === undefined || opf === undefined)
    throw new ReadError('read.malformed', 'no EPUB: it names no package document');
  if (
    files['META-INF/encryption.xml'] !== undefined &&
    /EncryptedData[\s\S]*\.x?html?/i.test(text('META-INF/encryption.xml')!)
  )
    throw new ReadError('read.locked', 'the book’s text is encrypted');
  const { document } = parseHTML(opf);
  const items = new Map(elements(document, 'item').map((item) => [item.getAttribute('id') ?? '', item] as const));
  const folder = packageFile.slice(0, packageFile.lastIndexOf('/') + 1);
  const parts: Part[] = [];
  const read = new Set<string>();
  let missing = 0;
  for (const reference of elements(document, 'itemref')) {
    const item = items.get(reference.getAttribute('idref') ?? '');
    if (item === undefined || /\bnav\b/.test(item.getAttribute('properties') ?? '')) continue;
    const href = resolve(folder, item.getAttribute('href') ?? '');
    // Some books name each section of a chapter's file; the file is read once.
    if (read.has(href)) continue;
    read.add(href);
    const chapter = text(href);
    if (chapter === undefined) {
      missing++;
      continue;
    }
    const page = parseHTML(closed(chapter)).document;
    for (const part of sectionsOf(page.body ?? page.documentElement))
      parts.push({ ...part, at: part.at === undefined ? href : `${href}#${part.at}` });
  }
  const title = oneLine(elements(document, 'dc:title')[0]?.textContent ?? '');
  return {
    format: 'EPUB',
    ...(title === '' ? {} : { title }),
    parts,
    left: [
      ...counted(missing, 'chapter that is not in the file', 'chapters that are not in the file'),
      ...counted(pictures, 'picture', 'pictures'),
    ],
  };
}

/** Chapters are XHTML, where any element may be closed at once; as HTML an `<a id="x" />` would hold all that follows. */
function closed(xhtml: string): string {
  return xhtml.replace(
    /<([a-z][\w:-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*\/>/gi,
    (whole, name: string, rest: string) => (VOID.has(name.toLowerCase()) ? whole : `<${name}${rest}></${name}>`),
  );
}

const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

function elements(document: Document, name: string): Element[] {
  return [...document.getElementsByTagName(name)];
}

function attribute(xml: string | undefined, tag: RegExp, name: string): string | undefined {
  const element = tag.exec(xml ?? '')?.[0];
  return new RegExp(`\\b${name}\\s*=\\s*["']([^"']+)["']`).exec(element ?? '')?.[1];
}

/** A path in the archive: never above its root, whatever the book says. */
function resolve(folder: string, href: string): string {
  const path = new URL(href.split('#')[0]!, `file:///${folder}`).pathname;
  return decodeURIComponent(path).slice(1);
}
