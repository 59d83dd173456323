import { blockCard } from '../parts/block-card.js';
import { checksOf } from '../parts/checks.js';
import { element } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import type { Place } from '../parts/place.js';
import { filterOf, type Query } from '../parts/query.js';
import { t } from '../words/index.js';

const PAGE = 12;

/** The newest blocks that the filter keeps, and more of them on demand: a tag's, a space's, below an author's facts. */
export async function showList(query: Query, place: Place): Promise<void> {
  const { client, content, say, signal } = place;
  say(t('loading'));
  const more = element('button', { type: 'button', class: 'plain more' }, t('more'));
  let after: string | undefined;
  const load = async (wanted: boolean): Promise<void> => {
    more.disabled = true;
    const page = await client.find(filterOf(query), {
      limit: PAGE,
      order: 'newest',
      hidden: query.retracted === true ? 'show' : 'hide',
      ...(after === undefined ? {} : { after }),
    });
    const cards = await cardsOf(page.ids, query, place);
    if (signal.aborted) return;
    more.before(...cards);
    after = page.next;
    more.disabled = false;
    more.hidden = after === undefined;
    // What the button added is where reading goes on.
    if (wanted) cards[0]?.querySelector('a')?.focus();
    say(content.querySelector('.card') === null ? t('list.nothing') : t('list.newest'));
  };
  more.addEventListener('click', () => void load(true).catch((error: unknown) => say(explain(error))));
  content.append(more);
  await load(false);
}

export async function cardsOf(
  ids: readonly string[],
  query: Query,
  { client, network }: Pick<Place, 'client' | 'network'>,
): Promise<HTMLElement[]> {
  const views = await Promise.all(ids.map((id) => client.get(id).catch(() => undefined)));
  return ids.flatMap((id, i) => {
    const view = views[i];
    return view === undefined ? [] : [blockCard(id, view, checksOf(network), query)];
  });
}
