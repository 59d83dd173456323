/** What stands where. Every page of `docs/` is named here; `check.mjs` finds those that are not. */
export const groups = (http, sdk) => [
  { text: 'Begin', pages: { '/start': 'Five minutes', '/concepts': 'Concepts', '/faq': 'Questions people ask' } },
  {
    text: 'Tutorials',
    pages: {
      '/tutorials/shared-memory': 'A shared memory for two agents',
      '/tutorials/library': 'A library of PDFs',
      '/tutorials/lab': 'A node for a lab',
    },
  },
  {
    text: 'For agents',
    pages: {
      '/agents': 'Memory in three verbs',
      '/mcp': 'Tools of an assistant (MCP)',
      '/http': 'The HTTP interface',
      '/chroma': 'Chroma’s clients',
      '/examples': 'Examples',
    },
  },
  {
    text: 'For researchers',
    pages: {
      '/researchers': 'Publish, search, compare, take home',
      '/cli': 'The command line',
      '/readers': 'PDF, HTML, Word, mail, tables',
      '/across-models': 'Across models',
      '/multilingual': 'German, Spanish, French',
      '/translators': 'Translators',
      '/adopt': 'From other databases',
    },
  },
  { text: 'Python', pages: { '/python-package': 'The Python package', '/python': 'From the Python project' } },
  {
    text: 'For operators',
    pages: {
      '/operators/': 'Where to look',
      '/operators/first-hour': 'The first hour',
      '/operators/daily': 'Every day',
      '/operators/hardening': 'Before strangers reach it',
      '/operators/behind-a-proxy': 'Behind a proxy',
      '/operators/several-nodes': 'Several nodes',
      '/operators/kubernetes': 'On Kubernetes',
      '/operators/capacity': 'Capacity',
      '/operators/respond': 'Signals of abuse',
      '/operators/traces': 'Traces and the log',
      '/operators/worst-day': 'The worst day',
      '/operating': 'Everything else',
      '/deploy': 'Examples to deploy',
      '/releases': 'Releases',
      '/simulate': 'Simulating a network',
    },
  },
  {
    text: 'What holds, and what it costs',
    pages: {
      '/security': 'Security',
      '/privacy': 'What others learn',
      '/performance': 'Performance',
      '/bench': 'Measuring it yourself',
    },
  },
  {
    text: 'Reference',
    pages: {
      '/reference/commands': 'Every command',
      '/settings': 'Every setting of a node',
      '/specs/errors': 'Every error',
      ...Object.fromEntries(http.map((name) => [`/reference/http/${name}`, `HTTP: ${name}`])),
      '/reference/sdk/': 'SDK',
    },
    inner: [{ text: 'SDK, by entry', pages: Object.fromEntries(sdk.map((name) => [`/reference/sdk/${name}`, name])) }],
  },
  {
    text: 'The project',
    pages: {
      '/specs/': 'The formats',
      '/architecture': 'Architecture',
      '/contributing': 'Contributing',
      '/roadmap': 'Roadmap',
      '/docs-site': 'This site',
      '/changelog': 'Changelog',
    },
  },
];

export function sidebar(list, collapsed = undefined) {
  return list.map(({ text, pages, inner = [] }) => ({
    text,
    ...(collapsed === undefined ? {} : { collapsed }),
    items: [...Object.entries(pages).map(([link, name]) => ({ text: name, link })), ...sidebar(inner, true)],
  }));
}
