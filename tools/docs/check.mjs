/** Looks at the site that was made: links inside lead to a page and a heading, and nothing is fetched from anybody else. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, join, posix } from 'node:path';

/** What a browser fetches by itself; a link that a person follows is none. */
const fetched = [
  /<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\s(?:src|data|srcset)="((?:https?:)?\/\/[^"]+)"/gi,
  /<link\b(?=[^>]*\brel="(?:stylesheet|preload|modulepreload|prefetch|preconnect|dns-prefetch|icon|manifest)")[^>]*?\shref="((?:https?:)?\/\/[^"]+)"/gi,
];
const fetchedByStyle = [/url\(\s*['"]?((?:https?:)?\/\/[^)'"]+)/gi, /@import\s+['"]((?:https?:)?\/\/[^'"]+)/gi];

export function checkSite(out, base) {
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(out, name)).isFile(),
  );
  const pages = files.filter((name) => name.endsWith('.html') && !name.startsWith('files/'));
  const faults = [];
  const read = (name) => readFileSync(join(out, name), 'utf8');
  const ids = new Map();
  const anchorsOf = (name) => {
    if (!ids.has(name)) ids.set(name, new Set([...read(name).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)));
    return ids.get(name);
  };
  for (const name of pages) {
    const text = read(name);
    for (const pattern of fetched) for (const [, url] of text.matchAll(pattern)) faults.push(`${name}: fetches ${url}`);
    for (const [, href] of text.matchAll(/<a\b[^>]*?\shref="([^"]+)"/g)) {
      if (/^[a-z]+:/i.test(href)) continue;
      const [path, anchor] = href.replaceAll('&amp;', '&').split('#');
      const place =
        path === '' ? name : path.startsWith(base) ? path.slice(base.length) : posix.join(dirname(name), path);
      const page = [place, `${place}.html`, posix.join(place, 'index.html')].find(
        (one) => existsSync(join(out, one)) && statSync(join(out, one)).isFile(),
      );
      if (page === undefined) faults.push(`${name}: ${href} leads nowhere`);
      else if (anchor && page.endsWith('.html') && !anchorsOf(page).has(decodeURIComponent(anchor)))
        faults.push(`${name}: ${href}: no such heading`);
    }
  }
  for (const name of files.filter((name) => extname(name) === '.css'))
    for (const pattern of fetchedByStyle)
      for (const [, url] of read(name).matchAll(pattern)) faults.push(`${name}: fetches ${url}`);
  if (faults.length > 0)
    throw new Error(`${faults.length} faults in the site:\n${[...new Set(faults)].slice(0, 60).join('\n')}`);
  return { pages: pages.length, bytes: files.reduce((sum, name) => sum + statSync(join(out, name)).size, 0) };
}
