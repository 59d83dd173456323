import { CosmicError, type NodeStatus } from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { byId, element } from './parts/element.js';
import { explain } from './parts/explain.js';
import type { Place, ShowPage } from './parts/place.js';
import { keepVector, vectorOf } from './parts/pasted.js';
import { addressOf, queryOf } from './parts/query.js';
import { rewritten, routeOf } from './parts/route.js';
import { wireTheme } from './parts/theme.js';
import { isKey, languageOf, languages, speak, spoken, t, type Key, type Language } from './words/index.js';

/** Each page comes when it is asked for. */
const pages: Readonly<Record<string, () => Promise<ShowPage>>> = {
  '': async () => (await import('./pages/home.js')).showHome,
  search: async () => (await import('./pages/search.js')).showSearch,
  block: async () => (await import('./pages/block.js')).showBlock,
  author: async () => (await import('./pages/author.js')).showAuthor,
  map: async () => (await import('./pages/map.js')).showMap,
  live: async () => (await import('./pages/live.js')).showLive,
  network: async () => (await import('./pages/network.js')).showNetwork,
  spaces: async () => (await import('./pages/spaces.js')).showSpaces,
  publish: async () => (await import('./pages/publish.js')).showPublish,
  operator: async () => (await import('./pages/operator.js')).showOperator,
  views: async () => (await import('./pages/views.js')).showViews,
  view: async () => (await import('./pages/views.js')).showQuestion,
  form: async () => (await import('./pages/views.js')).showForm,
};
/** Pages whose place in the bar is another's. */
const under: Readonly<Record<string, string>> = { '': 'search', view: 'views', form: 'views' };
const titles: Readonly<Record<string, Key>> = {
  block: 'block.title',
  author: 'author.title',
  view: 'nav.views',
  form: 'nav.views',
};
const NETWORK = 'network';

const client = createClient({
  url: new URL('.', location.href).href,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
});
const [form, input, content] = [byId<HTMLFormElement>('ask'), byId<HTMLInputElement>('q'), byId('content')];
const say = (text: string): void => void (byId('say').textContent = text);
/** How far down one was on each page, by its place in the history. */
const scrolls = new Map<number, number>();
let asking = new AbortController();
let at = 0;

/** Shows what the address says. `from`: what made it change. */
async function show(from: 'start' | 'link' | 'back'): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const old = rewritten(location);
  if (old !== undefined) history.replaceState(history.state, '', location.pathname + old);
  const route = routeOf(location.hash);
  const { page } = route;
  const query = queryOf(page === 'search' ? route.search : '');
  if (document.activeElement !== input || from === 'back') input.value = query.words;
  content.replaceChildren();
  const title = Object.hasOwn(titles, page) ? titles[page]! : isKey(`nav.${page}`) ? (`nav.${page}` as Key) : undefined;
  document.title = [query.words, title === undefined ? '' : t(title), 'CosmicEmbeddings']
    .filter((part) => part !== '')
    .join(' · ');
  openMenu(false);
  for (const link of document.querySelectorAll('#pages a'))
    if (link.getAttribute('data-page') === (under[page] ?? page)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  say(t('loading'));
  try {
    const load = Object.hasOwn(pages, page) ? pages[page]! : pages['']!;
    const [status, showPage] = await Promise.all([showNode(), load()]);
    if (signal.aborted) return;
    const network = status?.network ?? localStorage.getItem(NETWORK) ?? 'main';
    const place: Place = { client, content, say, signal, network, status };
    const showing = Promise.resolve(showPage(place, route));
    if (from === 'link') arrive();
    await showing;
    if (from === 'back' && !signal.aborted) scrollTo({ top: scrolls.get(at) ?? 0 });
  } catch (error) {
    if (!signal.aborted) showFault(error, title === undefined ? 'CosmicEmbeddings' : t(title));
  }
}

/** Below what is there already; a page that did not come as far as its heading has its name. */
function showFault(error: unknown, title: string): void {
  say('');
  const again = element('button', { type: 'button', class: 'plain' }, t('error.again'));
  again.addEventListener('click', () => void show('back'));
  content.append(
    element(
      'section',
      { class: 'page' },
      content.querySelector('h1') === null ? element('h1', {}, title) : undefined,
      element('p', { class: 'warn', role: 'alert' }, explain(error)),
      element('p', { class: 'ways' }, again, element('a', { href: '#/' }, t('error.back'))),
    ),
  );
}

/** A new page begins at its top, and is what the keyboard goes on from. */
function arrive(): void {
  scrollTo({ top: 0 });
  if (document.activeElement === document.body || document.activeElement?.closest('nav') !== null)
    content.focus({ preventScroll: true });
}

/** The line about the node; undefined while it does not answer. */
async function showNode(): Promise<NodeStatus | undefined> {
  try {
    const status = await client.status();
    const { counts, head, network, peers } = status;
    localStorage.setItem(NETWORK, network);
    byId('node').textContent = t('footer.node', {
      blocks: t('n.blocks', { n: head.count }),
      vectors: t('n.vectors', { n: counts.rows }),
      authors: t('n.authors', { n: counts.authors }),
      peers: t('n.peers', { n: peers }),
      network,
    });
    return status;
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code !== 'node.unreachable') throw error;
    byId('node').textContent = explain(error);
    return undefined;
  }
}

/** Puts the texts of the shell in the language that is spoken. */
function dress(): void {
  const { language, dir } = spoken();
  document.documentElement.lang = language;
  document.documentElement.dir = dir;
  const each = (name: string, put: (one: Element, text: string) => void): void => {
    for (const one of document.querySelectorAll(`[data-${name}]`)) put(one, t(one.getAttribute(`data-${name}`) as Key));
  };
  each('words', (one, text) => void (one.textContent = text));
  each('label', (one, text) => one.setAttribute('aria-label', text));
  each('hint', (one, text) => one.setAttribute('placeholder', text));
}

function openMenu(open: boolean): void {
  byId('pages').classList.toggle('open', open);
  byId('more').setAttribute('aria-expanded', String(open));
}

function wireLanguage(): void {
  const select = byId<HTMLSelectElement>('language');
  select.append(
    ...Object.entries(languages).map(([code, name]) => element('option', { value: code, lang: code }, name)),
  );
  select.value = spoken().language;
  select.addEventListener('change', () => {
    localStorage.setItem('language', select.value);
    void speak(select.value as Language).then(() => {
      dress();
      return show('back');
    });
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const query = queryOf(routeOf(location.hash).page === 'search' ? routeOf(location.hash).search : '');
  const vector = vectorOf(input.value);
  if (vector === undefined) {
    location.hash = addressOf({ ...query, like: undefined, pasted: undefined, words: input.value.trim() });
    return;
  }
  keepVector(vector);
  input.value = '';
  const address = addressOf({ ...query, like: undefined, pasted: true, words: '' });
  if (location.hash === address) void show('link');
  else location.hash = address;
});
byId('more').addEventListener('click', () => openMenu(!byId('pages').classList.contains('open')));
byId('skip').addEventListener('click', (event) => {
  event.preventDefault();
  content.focus();
});
addEventListener('keydown', (event) => {
  const typing = (event.target as Element).closest('input, textarea, select') !== null;
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.focus();
  } else if (event.key === 'Escape') openMenu(false);
});
addEventListener('scroll', () => scrolls.set(at, scrollY), { passive: true });
addEventListener('popstate', ({ state }) => {
  const known = typeof state === 'number';
  at = known ? state : Math.max(...scrolls.keys(), at) + 1;
  if (!known) history.replaceState(at, '');
  void show(known ? 'back' : 'link');
});
wireTheme(byId<HTMLButtonElement>('theme'), () => void show('back'));
await speak(languageOf(localStorage.getItem('language'), navigator.languages)).catch(() => undefined);
dress();
wireLanguage();
if (typeof history.state === 'number') at = history.state;
else history.replaceState(at, '');
if (location.hash === '' && location.search === '') input.focus();
void show('start');
if ('serviceWorker' in navigator && isSecureContext)
  void import('./offline/register.js').then(({ keepForOffline }) => keepForOffline());
