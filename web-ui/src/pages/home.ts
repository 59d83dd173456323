import type { NodeStatus } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { count, element } from '../parts/element.js';
import { addressOf, queryOf } from '../parts/query.js';
import { cardsOf } from './list.js';
import type { Place } from './search.js';

const ARRIVALS = 6;

/** What this ledger holds and what has just arrived: somewhere to begin. */
export async function showHome(
  status: NodeStatus,
  client: NodeClient,
  { content, say }: Place,
  signal: AbortSignal,
): Promise<void> {
  const empty = queryOf('');
  const { head, counts } = status;
  if (head.count === 0) {
    content.replaceChildren(
      element(
        'section',
        { class: 'home' },
        element('h2', {}, 'Nothing is here yet'),
        element('p', {}, 'Publish a file or a folder, and it can be found here:'),
        element('pre', {}, `cosmic init\ncosmic publish FOLDER --node ${new URL('.', location.href).href}`),
      ),
    );
    return;
  }
  const page = await client.find({}, { limit: ARRIVALS, order: 'newest' });
  const cards = await cardsOf(page.ids, empty, status.network, client);
  if (signal.aborted) return;
  content.replaceChildren(
    element(
      'section',
      { class: 'home' },
      element('h2', {}, 'This ledger holds'),
      element(
        'ul',
        { class: 'spaces' },
        ...counts.spaces.map(({ id, space, rows }) =>
          element(
            'li',
            {},
            element('a', { href: addressOf({ ...empty, space: id }) }, count(rows, 'vector')),
            ` of ${space.model}, ${space.dims} dimensions`,
            status.embedders.some((one) => one.space === id)
              ? undefined
              : element('span', { class: 'quiet' }, ' · this node has no embedder for it'),
          ),
        ),
        ...Object.entries(counts.kinds).map(([kind, blocks]) => element('li', {}, `${count(blocks, 'block')} ${kind}`)),
      ),
      element('h2', {}, 'Just arrived'),
      ...cards,
    ),
  );
  say('');
}
