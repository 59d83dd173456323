/** Makes the site of the documentation in tools/docs/dist: `npm run docs:build`, after `npm run build`. DOCS_BASE says below which path it is served. */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';
import { build } from 'vitepress';
import { checkSite } from './check.mjs';
import { writeCommands } from './reference/commands.mjs';
import { performanceTables } from './reference/figures.mjs';
import { writeRoutes } from './reference/routes.mjs';
import { groups } from './site/navigation.mjs';
import { stage } from './stage.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const site = join(here, '.site');
const out = join(here, 'dist');
/** The type of an error's code, spelled out. */
const everyCode = /(?:(?:\\\| )?`"[a-z_]+\.[a-z_]+"`(?: (?=\\\|))?){40,}/g;
const base = process.env.DOCS_BASE ?? '/';

rmSync(site, { recursive: true, force: true });
rmSync(out, { recursive: true, force: true });
stage(root, site, { performance: performanceTables(root) });
cpSync(join(here, 'site'), join(site, '.vitepress'), { recursive: true, filter: (path) => !/index\.md$/.test(path) });
cpSync(join(here, 'site/index.md'), join(site, 'index.md'));
mkdirSync(join(site, 'public'), { recursive: true });
cpSync(join(root, 'web-ui/src/icon.svg'), join(site, 'public/icon.svg'));

mkdirSync(join(site, 'reference/http'), { recursive: true });
await writeCommands(root, join(site, 'reference'));
const http = writeRoutes(root, join(site, 'reference/http'));
const sdk = await writeSdk();

process.env.COSMIC_DOCS = JSON.stringify({
  ...{ root, base, out, http, sdk },
  formats: titles('specs', /^(?!decisions\/).*\.md$/),
  decisions: titles('specs/decisions', /\.md$/),
});
await build(site);
const { pages, bytes } = checkSite(out, base);
const named = new Set(groups(http, sdk).flatMap(({ pages }) => Object.keys(pages)));
const lost = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.md') && !named.has(`/${name.replace(/(README)?\.md$/, '')}`),
);
// They are there and found by search; a page is no reason to fail everybody's run.
if (lost.length > 0) console.warn(`pages that the navigation does not name: ${lost.join(', ')}`);
console.log(
  `${pages} pages, ${(bytes / 1e6).toFixed(1)} MB in ${out}; every link inside leads somewhere, nothing is asked of anybody else`,
);

/** One page for each entry of the SDK, from its types and docstrings. */
async function writeSdk() {
  const source = join(root, 'sdk/src');
  const entries = readdirSync(source, { withFileTypes: true })
    .filter((one) => one.isDirectory() && readdirSync(join(source, one.name)).includes('index.ts'))
    .map(({ name }) => join(source, name, 'index.ts'));
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [join(source, 'index.ts'), ...entries],
    tsconfig: join(root, 'sdk/tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    out: join(site, 'reference/sdk'),
    name: '@cosmicembeddings/sdk',
    readme: 'none',
    router: 'module',
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    disableSources: true,
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    propertiesFormat: 'table',
    sanitizeComments: true,
    validation: false,
    logLevel: 'Error',
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('the SDK could not be read');
  await app.generateOutputs(project);
  const folder = join(site, 'reference/sdk');
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8');
    writeFileSync(join(folder, name), anchored(text.replace(everyCode, '[an error’s code](/specs/errors)')));
  }
  linked(folder, names);
  return names
    .filter((name) => name !== 'index.md')
    .map((name) => name.replace(/\.md$/, ''))
    .sort();
}

/** Pages of a staged folder by their first heading. */
function titles(folder, wanted) {
  const names = readdirSync(join(site, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    wanted.test(name),
  );
  const entries = names.sort().map((name) => {
    const heading = /^# (.+)$/m.exec(readFileSync(join(site, folder, name), 'utf8'))?.[1] ?? name;
    return [`/${folder}/${name.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`, heading.replaceAll('`', '')];
  });
  return Object.fromEntries(entries);
}

/** TypeDoc numbers headings and the places of properties together; a heading is told the number that links to it use. */
function anchored(text) {
  let parts = 0;
  const taken = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));
  return text.replace(/^(#{1,6}) (.+)$/gm, (whole, marks, heading) => {
    if (marks === '#') return `${whole} {#part-0}`;
    const slug = heading
      .replace(/\\(.)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replace(/ /g, '-');
    if (
      /^#{4,6} (Returns|Parameters|Get Signature|Set Signature|Inherited from|Overrides|Implementation of|Type Parameters|Properties|Methods|Accessors|Constructors|Extends|Extended by|Implements|Call Signature)$/i.test(
        whole,
      )
    )
      return `${whole} {#part-${++parts}}`;
    let id = slug;
    for (let number = 1; taken.has(id); number++) id = `${slug}-${number}`;
    taken.add(id);
    return `${marks} ${heading} {#${id}}`;
  });
}

/** Where TypeDoc counted an overloaded name once more than there are headings, a link goes to the first. */
function linked(folder, names) {
  const texts = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const ids = new Map(
    [...texts].map(([name, text]) => [
      name,
      new Set([...text.matchAll(/\{#([^}]+)\}|<a id="([^"]+)">/g)].map(([, a, b]) => a ?? b)),
    ]),
  );
  for (const [name, text] of texts)
    writeFileSync(
      join(folder, name),
      text.replace(/\]\(([\w-]+\.md)?#([\w$-]+)-\d+\)/g, (whole, page = '', id) => {
        const there = ids.get(page || name);
        const exact = /#([^)]+)\)$/.exec(whole)[1];
        return there?.has(exact) || !there?.has(id) ? whole : `](${page}#${id})`;
      }),
    );
}
