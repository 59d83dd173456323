import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { groups, sidebar } from './navigation.mjs';

/** What `build.mjs` found: the repository, subjects of the HTTP interface, entries of the SDK, pages of the formats. */
const found = JSON.parse(process.env.COSMIC_DOCS);

export default defineConfig({
  title: 'CosmicEmbeddings',
  description: 'A ledger of meaning: signed, verifiable embeddings that anybody can find',
  base: found.base,
  lang: 'en',
  cleanUrls: false,
  metaChunk: true,
  outDir: found.out,
  // check.mjs looks at the links of what was made, headings and files included.
  ignoreDeadLinks: true,
  // A page is text: markup in it is shown, not obeyed, so that no sentence with a `<` becomes an element.
  markdown: {
    html: false,
    linkify: false,
    languageAlias: { cddl: 'ini' },
    // The plain ones are too pale on paper.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify },
    config: drawn,
  },
  vite: {
    logLevel: 'warn',
    build: { chunkSizeWarningLimit: 2000 },
    resolve: {
      alias: [
        {
          find: /^.*\/VPSidebarItem\.vue$/,
          replacement: fileURLToPath(new URL('theme/sidebar-item.vue', import.meta.url)),
        },
      ],
    },
  },
  head: [['link', { rel: 'icon', href: `${found.base}icon.svg`, type: 'image/svg+xml' }]],
  themeConfig: {
    logo: '/icon.svg',
    nav: [
      { text: 'Five minutes', link: '/start', activeMatch: '^/start' },
      { text: 'Tutorials', link: '/tutorials/shared-memory', activeMatch: '^/tutorials/' },
      { text: 'Agents', link: '/agents', activeMatch: '^/(agents|mcp|http|chroma)' },
      { text: 'Researchers', link: '/researchers', activeMatch: '^/(researchers|readers|across-models)' },
      { text: 'Operators', link: '/operators/', activeMatch: '^/operat' },
      { text: 'Reference', link: '/reference/commands', activeMatch: '^/(reference/|settings)' },
    ],
    sidebar: {
      '/specs/': [
        ...sidebar([{ text: 'The formats', pages: found.formats }]),
        ...sidebar([{ text: 'Decisions', pages: found.decisions }], true),
        ...sidebar(groups(found.http, found.sdk), true),
      ],
      '/': sidebar(groups(found.http, found.sdk), false),
    },
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        // What is read out is what is seen; the theme's own hint for the key is not.
        translations: { button: { buttonText: 'Search (Ctrl K)', buttonAriaLabel: 'Search (Ctrl K)' } },
        miniSearch: {
          // Both run in the reader's browser, each by itself: they are sent there as text.
          options: {
            processTerm: (term) =>
              /^(a|an|and|are|as|at|be|by|can|do|for|from|how|i|if|in|is|it|my|of|on|or|the|to|what|when|with|who)$/i.test(
                term,
              )
                ? null
                : term.toLowerCase(),
          },
          searchOptions: {
            combineWith: 'AND',
            fuzzy: (term) => (term.length > 4 ? 0.15 : false),
            prefix: (term) => term.length > 2,
            boost: { title: 4, text: 2, titles: 1 },
            boostDocument: (id) => (/\/reference\/sdk\/|\/decisions\//.test(id) ? 0.4 : 1),
          },
        },
      },
    },
    footer: { message: 'MIT. Everything on these pages is also in the repository, beside the code that it describes.' },
  },
});

/** Headings have the anchors that they have where the repository is read. */
function slugify(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replace(/ /g, '-');
}

/** Drawings stand in the page itself, so that they follow its light and dark; braces are braces. */
function drawn(md) {
  const image = md.renderer.rules.image;
  md.renderer.rules.image = (tokens, index, ...rest) => {
    const source = tokens[index].attrGet('src');
    if (!/\.svg$/.test(source)) return image(tokens, index, ...rest);
    const svg = readFileSync(join(found.root, source), 'utf8');
    const drawing = svg
      .replace(/<\?xml[^>]*\?>|<!--[\s\S]*?-->|<style>[\s\S]*?<\/style>/g, '')
      .replace(
        '<svg ',
        `<svg v-pre class="drawing" role="img" aria-label="${md.utils.escapeHtml(tokens[index].content)}" `,
      )
      .replace(/\s*\n\s*/g, ' ');
    return `<span class="pushed" tabindex="0">${drawing}</span>`;
  };
  // The one piece of markup that TypeDoc writes: where a link to a property leads.
  md.inline.ruler.before('html_inline', 'place', (state, silent) => {
    const found = /^<a id="([\w$-]+)"><\/a>/.exec(state.src.slice(state.pos, state.pos + 200));
    if (found === null) return false;
    if (!silent) state.push('html_inline', '', 0).content = found[0];
    state.pos += found[0].length;
    return true;
  });
  const text = md.renderer.rules.text;
  md.renderer.rules.text = (...all) => text(...all).replaceAll('{{', '&#123;&#123;');
}
