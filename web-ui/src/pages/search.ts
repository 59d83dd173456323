import type { Hit, SearchAnswer, SearchRequest } from '@cosmicembeddings/sdk';
import { verifyHit } from '@cosmicembeddings/sdk/api';
import { checksOf } from '../parts/checks.js';
import { chips } from '../parts/chips.js';
import { element } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import { facets } from '../parts/facets.js';
import { hitCard, type HitCard } from '../parts/hit.js';
import { keptVector } from '../parts/pasted.js';
import type { ShowPage, Place } from '../parts/place.js';
import { filterOf, hasFilter, isQuestion, likeOf, queryOf, type Query } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { t } from '../words/index.js';
import { showList } from './list.js';

/** Hits of a question, or the newest of what the filter keeps. */
export const showSearch: ShowPage = async (place, { search }) => {
  const query = queryOf(search);
  const found = element('div', { class: 'found' });
  place.content.append(
    element('h1', { class: 'unseen' }, query.words === '' ? t('nav.search') : query.words),
    element('div', { class: 'narrowed' }, chips(query)),
    // Where nothing is, or the node is away, there is nothing to narrow.
    (place.status?.head.count ?? 0) === 0 ? found : element('div', { class: 'beside' }, facets(query, place), found),
  );
  const inFound = { ...place, content: found };
  if (isQuestion(query)) return showHits(query, inFound);
  await showList(query, inFound);
};

/** Asks the node, shows the hits at once and verifies them one by one. */
async function showHits(query: Query, place: Place): Promise<void> {
  const { client, content, say, signal, network } = place;
  say(t('loading'));
  const shown = new Set<string>();
  const weak = element('p', { class: 'warn', hidden: '' }, t('search.weak'));
  const list = element('ol', { class: 'hits' });
  const more = element('button', { type: 'button', class: 'plain more', hidden: '' }, t('search.more'));
  content.append(weak, list, more);
  const load = async (k: number): Promise<void> => {
    more.disabled = true;
    const asked = questionOf(query, place);
    if (typeof asked === 'string') {
      more.hidden = true;
      return say(asked);
    }
    const hidden = query.retracted === true ? { hidden: 'show' as const } : {};
    const answer = await client.search({ ...asked, k, filter: filterOf(query), verdicts: true, ...hidden }, signal);
    const fresh = answer.hits.filter(({ id, row }) => !shown.has(`${id} ${row}`));
    for (const { id, row } of fresh) shown.add(`${id} ${row}`);
    const cards = fresh.map((hit) => hitCard(hit, query));
    list.append(...cards.map((card) => element('li', {}, card.node)));
    weak.hidden = answer.hits.length === 0 || answer.hits.some(({ strength }) => strength !== 'weak');
    more.disabled = false;
    more.hidden = answer.hits.length < k || k >= HITS_MAX;
    more.onclick = () => void load(k + PAGE).catch((error: unknown) => signal.aborted || say(explain(error)));
    const found = t('search.nearest', { hits: t('n.hits', { n: shown.size }) });
    say([shown.size === 0 ? nothingText(query) : found, ...(answer.notes ?? [])].join(' · '));
    if (shown.size === 0 && place.status?.head.count === 0) content.replaceChildren(...nothingHere());
    await settle(fresh, cards, answer);
  };
  const settle = async (hits: readonly Hit[], cards: readonly HitCard[], answer: SearchAnswer): Promise<void> => {
    for (const [i, hit] of hits.entries()) {
      if (signal.aborted) return;
      cards[i]!.settle(await verifyHit(hit, answer, client, checksOf(network)));
    }
  };
  await load(PAGE);
}

/** What the node is asked; a text where that cannot be. */
function questionOf(query: Query, { status }: Place): Pick<SearchRequest, 'text' | 'like' | 'vector'> | string {
  if (query.like !== undefined) return { like: likeOf(query.like) };
  if (query.pasted !== true) return { text: query.words };
  const values = keptVector();
  if (values === undefined) return t('search.vectorGone');
  const fitting = (status?.counts.spaces ?? []).filter(({ space }) => space.dims === values.length);
  const space = query.space ?? (fitting.length === 1 ? fitting[0]!.id : undefined);
  if (space !== undefined) return { vector: { space, values } };
  return fitting.length === 0
    ? t('search.vectorFits', { n: values.length })
    : t('search.vectorSpace', { n: values.length });
}

const PAGE = 10;
const HITS_MAX = 100;

/** Whoever asks a node that holds nothing is told so, and what to do. */
function nothingHere(): HTMLElement[] {
  return [
    element('p', {}, t('home.empty')),
    element('p', {}, element('a', { class: 'button', href: hrefOf('publish') }, t('nav.publish'))),
  ];
}

function nothingText(query: Query): string {
  return hasFilter(query) ? t('search.nothingNarrowed') : t('search.nothing');
}
