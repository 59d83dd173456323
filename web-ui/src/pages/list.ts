import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { blockCard } from '../parts/block-card.js';
import { element } from '../parts/element.js';
import { filterOf, type Query } from '../parts/query.js';
import { checksOf, explain, type Place } from './search.js';

const PAGE = 12;

/** The newest blocks that the filter keeps, and more of them on demand: an author's page, a tag's, a space's. */
export async function showList(
  query: Query,
  network: string,
  client: NodeClient,
  { content, say }: Place,
  signal: AbortSignal,
): Promise<void> {
  say('asking the node …');
  const more = element('button', { type: 'button', class: 'plain more' }, 'More');
  let after: string | undefined;
  const load = async (): Promise<void> => {
    more.disabled = true;
    const page = await client.find(filterOf(query), {
      limit: PAGE,
      order: 'newest',
      ...(after === undefined ? {} : { after }),
    });
    const cards = await cardsOf(page.ids, query, network, client);
    if (signal.aborted) return;
    more.before(...cards);
    after = page.next;
    more.disabled = false;
    more.hidden = after === undefined || page.ids.length < PAGE;
    say(content.querySelectorAll('.card').length === 0 ? 'Nothing here is like that.' : 'Newest first');
  };
  more.addEventListener('click', () => void load().catch((error: unknown) => say(explain(error))));
  content.append(more);
  await load();
}

export async function cardsOf(
  ids: readonly string[],
  query: Query,
  network: string,
  client: NodeClient,
): Promise<HTMLElement[]> {
  const views = await Promise.all(ids.map((id) => client.get(id).catch(() => undefined)));
  return ids.flatMap((id, i) => {
    const view = views[i];
    return view === undefined ? [] : [blockCard(id, view, checksOf(network), query)];
  });
}
