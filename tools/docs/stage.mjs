/** Lays the pages of the repository out as a site: each page at its address, links between them led there, linked files as pages. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';

/** Pages outside of `docs/` and `specs/`, and where they stand in the site. */
const elsewhere = {
  'README.md': 'start.md',
  'SECURITY.md': 'security.md',
  'ARCHITECTURE.md': 'architecture.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  'ROADMAP.md': 'roadmap.md',
  'deploy/README.md': 'deploy.md',
  'readers/README.md': 'readers.md',
  'multilingual/README.md': 'multilingual.md',
  'examples/README.md': 'examples.md',
  'bench/README.md': 'bench.md',
  'tools/python/README.md': 'python-package.md',
  'tools/docs/README.md': 'docs-site.md',
};

/** Blocks and pieces of code, which stay as they are, and links; whichever begins first. */
const pieces =
  /^( *)```[^\n]*\n[\s\S]*?^\1```[^\n]*$|(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)|(`+)[^`][\s\S]*?\5|<!--[\s\S]*?-->\n?/gm;
/** Files of these kinds become pages that show them; others are laid beside the site as they are. */
const languages = {
  '.ts': 'ts',
  '.mjs': 'js',
  '.py': 'python',
  '.sh': 'sh',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.conf': 'nginx',
  '.service': 'ini',
  '.md': 'md',
  '': 'txt',
};
const SHOWN_BYTES = 100_000;

/** Where a page of the repository stands in the site, or undefined where it is none. */
function placeOf(file) {
  if (file in elsewhere) return elsewhere[file];
  const place = file.startsWith('docs/') ? file.slice('docs/'.length) : file.startsWith('specs/') ? file : undefined;
  return place?.endsWith('.md') ? place.replace(/(^|\/)README\.md$/, '$1index.md') : undefined;
}

/** Writes all pages into `site`. `made`: texts for the places that a page marks `<!-- made: NAME -->`. */
export function stage(root, site, made) {
  const sources = [
    ...Object.keys(elsewhere),
    ...['docs', 'specs'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name}`),
    ),
  ];
  const shown = new Set();
  const waiting = [];

  function addressOf(file) {
    const place = placeOf(file);
    if (place !== undefined) return `/${place.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;
    const path = join(root, file);
    if (statSync(path).isDirectory() && existsSync(join(path, 'README.md')) && placeOf(`${file}/README.md`))
      return addressOf(`${file}/README.md`);
    if (!shown.has(file)) waiting.push(file);
    shown.add(file);
    return `/files/${shownAs(file)}`;
  }

  const led = (page, text) =>
    text.replace(pieces, (whole, indent, picture, label, target) => {
      if (whole.startsWith('<!--')) return made[/^<!-- made: (\w+) -->/.exec(whole)?.[1]] ?? '';
      if (target === undefined || /^([a-z]+:|#|\/)/i.test(target)) return whole;
      const [path, anchor] = target.split('#');
      const file = relative(root, resolve(root, dirname(page), path)).replace(/\/$/, '');
      if (picture !== '') return `![${label}](${file})`;
      // What is no page is left to the browser, not to the site's own turning of pages.
      const beside = placeOf(file) === undefined && !isShown(join(root, file)) ? '{target="_self"}' : '';
      return `[${led(page, label)}](${addressOf(file)}${anchor === undefined ? '' : `#${anchor}`})${beside}`;
    });

  const write = (place, text) => {
    const path = join(site, place);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  for (const source of sources)
    write(placeOf(source), unsearched(source) + led(source, readFileSync(join(root, source), 'utf8')));
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const path = join(root, file);
    if (statSync(path).isDirectory()) {
      const names = readdirSync(path).filter((name) => !/^(node_modules|dist|\..*)$/.test(name));
      write(
        `files/${file}.md`,
        `# ${file}\n\n${names.map((name) => `- [${name}](${addressOf(join(file, name))})`).join('\n')}\n`,
      );
    } else if (isShown(path)) {
      const text = readFileSync(path, 'utf8');
      const ticks = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
      write(
        `files/${shownAs(file)}.md`,
        `---\nsearch: false\n---\n\n# ${file}\n\n${ticks}${languages[extname(file)]}\n${text}\n${ticks}\n`,
      );
    } else {
      mkdirSync(join(site, 'public/files', dirname(file)), { recursive: true });
      cpSync(path, join(site, 'public/files', file));
    }
  }
}

function isShown(path) {
  return statSync(path).isDirectory() || (extname(path) in languages && statSync(path).size <= SHOWN_BYTES);
}

/** What was is no answer to a question about what is. */
function unsearched(source) {
  return source === 'CHANGELOG.md' ? '---\nsearch: false\n---\n\n' : '';
}

/** A link that ends in `.md` is taken for one to a page of that name. */
function shownAs(file) {
  return file.replace(/\.md$/, '');
}
