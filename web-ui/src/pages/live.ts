import type { BlockId, WatchEvent, WatchRequest } from '@cosmicembeddings/sdk';
import { CosmicError } from '@cosmicembeddings/sdk';
import { blockCard } from '../parts/block-card.js';
import { checksOf } from '../parts/checks.js';
import { chips } from '../parts/chips.js';
import { element, shortDid, shortId } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import type { ShowPage } from '../parts/place.js';
import { filterOf, queryOf, searchOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { clockText, t } from '../words/index.js';

/** Cards on the page; older ones go. */
const SHOWN_MAX = 100;
/** Ids that wait while one reads; older ones are counted alone. */
const WAITING_MAX = 500;
const AGAIN_MS = 3000;

/** What arrives, as it comes, each checked here. It never moves what is being read. */
export const showLive: ShowPage = async (place, { search }) => {
  const { client, content, say, signal, network } = place;
  const query = queryOf(search);
  const list = element('div', { class: 'feed' });
  const nothing = element('p', { class: 'quiet' }, t('live.nothing'));
  const state = element('p', { class: 'quiet', role: 'status' });
  const pause = element('button', { type: 'button', class: 'plain', 'aria-pressed': 'false' }, t('live.pause'));
  const show = element('button', { type: 'button', class: 'more', hidden: '' });
  const near = element('input', { type: 'search', name: 'near', value: query.words, autocomplete: 'off' });
  const tag = element('input', { type: 'text', name: 'tag', value: query.tags.join(' '), autocomplete: 'off' });
  const form = element(
    'form',
    { class: 'fields', 'aria-label': t('live.filter') },
    element('label', {}, element('span', {}, t('live.near')), near),
    element('label', {}, element('span', {}, t('narrow.tag')), tag),
    element('button', { type: 'submit', class: 'plain' }, t('narrow.apply')),
    pause,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const tags = tag.value.split(/\s+/).filter((one) => one !== '');
    location.hash = hrefOf('live', '', searchOf({ ...query, words: near.value.trim(), tags }));
  });
  content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, t('live.title')),
      element('p', { class: 'quiet' }, t('live.intro')),
      chips({ ...query, words: '', tags: [] }),
      form,
      state,
      show,
      nothing,
      list,
    ),
  );
  say('');

  const waiting: BlockId[] = [];
  let [dropped, paused] = [0, false];
  const tell = (): void => {
    show.hidden = waiting.length === 0;
    show.textContent = t('live.waiting', { n: waiting.length });
    pause.textContent = t(paused ? 'live.go' : 'live.pause');
    pause.setAttribute('aria-pressed', String(paused));
  };
  const isRead = (): boolean => paused || scrollY > 200 || list.contains(document.activeElement);
  let showing = Promise.resolve();
  /** One after the other: a flood is checked at the pace of this browser. */
  const showWaiting = (): void => {
    showing = showing.then(async () => {
      for (const id of waiting.splice(0).slice(-SHOWN_MAX)) {
        const view = await client.get(id).catch(() => undefined);
        if (signal.aborted) return;
        if (view === undefined) continue;
        nothing.hidden = true;
        const card = blockCard(id, view, checksOf(network), query);
        card.tabIndex = 0;
        list.prepend(card);
        // A feed without articles is none.
        list.setAttribute('role', 'feed');
        list.setAttribute('aria-label', t('live.title'));
        while (list.childElementCount > SHOWN_MAX) list.lastElementChild!.remove();
      }
    });
    tell();
  };
  const take = (id: BlockId): void => {
    waiting.push(id);
    if (waiting.length > WAITING_MAX) {
      waiting.shift();
      dropped += 1;
      state.textContent = t('live.dropped', { n: dropped });
    }
    if (isRead()) tell();
    else showWaiting();
  };
  pause.addEventListener('click', () => {
    paused = !paused;
    if (paused) tell();
    else showWaiting();
    state.textContent = paused ? t('live.paused') : '';
  });
  show.addEventListener('click', () => {
    showWaiting();
    scrollTo({ top: 0 });
  });
  list.addEventListener('keydown', moveInFeed);

  const request: WatchRequest = {
    filter: filterOf(query),
    ...(query.words === '' ? {} : { near: { text: query.words } }),
  };
  let after: string | undefined;
  const follow = async (): Promise<void> => {
    for await (const event of client.watch({ ...request, ...(after === undefined ? {} : { after }) }, signal)) {
      after = event.cursor;
      if (event.type === 'opened') state.textContent = t('live.since', { time: clockText(Date.now()) });
      else if (event.type === 'hit') take(event.hit.id);
      else if (event.type !== 'live' && event.type !== 'at') state.textContent = saidOf(event);
    }
  };
  while (!signal.aborted) {
    try {
      await follow();
    } catch (error) {
      if (signal.aborted) return;
      const isAway = error instanceof CosmicError && error.code === 'node.unreachable';
      if (!isAway) throw error;
      state.textContent = `${explain(error)} ${t('live.cut', { time: clockText(Date.now()) })}`;
    }
    await rest(AGAIN_MS, signal);
  }
};

function saidOf(event: Exclude<WatchEvent, { type: 'opened' | 'hit' | 'live' | 'at' }>): string {
  switch (event.type) {
    case 'gone':
      return t('live.gone', { id: shortId(event.id), why: event.why });
    case 'held':
      return t('live.held', { n: event.n, author: shortDid(event.author) });
    case 'gap':
      return t('live.gap', { advice: event.advice });
  }
}

/** Keys of a feed (WAI-ARIA Authoring Practices): by article, and out of it. */
function moveInFeed(event: KeyboardEvent): void {
  const article = (event.target as Element).closest('article');
  const to =
    event.key === 'PageDown'
      ? article?.nextElementSibling
      : event.key === 'PageUp'
        ? article?.previousElementSibling
        : undefined;
  if (!(to instanceof HTMLElement)) return;
  event.preventDefault();
  to.focus();
}

export function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
