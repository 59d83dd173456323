import { blockCard } from '../parts/block-card.js';
import { checksOf } from '../parts/checks.js';
import { element } from '../parts/element.js';
import { keptBlocks } from '../parts/kept-blocks.js';
import type { Place } from '../parts/place.js';
import { addressOf, queryOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { nodesOf, t } from '../words/index.js';
import { cardsOf } from './list.js';

const ARRIVALS = 6;
const KEPT_MAX = 24;
const TAGS_MAX = 12;

/** What this ledger holds and what has just arrived: somewhere to begin. */
export async function showHome(place: Place): Promise<void> {
  const { status, client, content, say, signal } = place;
  if (status === undefined) return showKept(place);
  const empty = queryOf('');
  const { head, counts } = status;
  if (head.count === 0) {
    content.replaceChildren(
      element(
        'section',
        { class: 'home' },
        element('h1', {}, t('home.empty')),
        element('p', {}, t('home.emptyHow')),
        element('p', {}, element('a', { class: 'button', href: hrefOf('publish') }, t('nav.publish'))),
        element('pre', { dir: 'ltr' }, `cosmic init\ncosmic publish FOLDER --node ${new URL('.', location.href).href}`),
      ),
    );
    say('');
    return;
  }
  const page = await client.find({}, { limit: ARRIVALS, order: 'newest', hidden: 'hide' });
  const cards = await cardsOf(page.ids, empty, place);
  if (signal.aborted) return;
  // What was published last names what can be asked here.
  const tags = [...new Set(cards.flatMap((card) => [...card.querySelectorAll('.tag')].map((tag) => tag.textContent)))];
  content.replaceChildren(
    element(
      'section',
      { class: 'home' },
      element('h1', {}, t('home.holds')),
      element(
        'ul',
        { class: 'spaces' },
        ...counts.spaces.slice(0, TAGS_MAX).map(({ id, space, rows }) =>
          element(
            'li',
            {},
            ...nodesOf('home.space', {
              vectors: element('a', { href: addressOf({ ...empty, space: id }) }, t('n.vectors', { n: rows })),
              model: element('bdi', {}, space.model),
              dims: space.dims,
            }),
            status.embedders.some((one) => one.space === id)
              ? undefined
              : element('span', { class: 'quiet' }, ` · ${t('home.noEmbedder')}`),
          ),
        ),
        ...Object.entries(counts.kinds)
          .slice(0, TAGS_MAX)
          .map(([kind, n]) => element('li', {}, t('home.kind', { blocks: t('n.blocks', { n }), kind }))),
      ),
      tags.length === 0
        ? undefined
        : element(
            'p',
            { class: 'try' },
            `${t('home.try')}: `,
            ...tags
              .slice(0, TAGS_MAX)
              .map((tag) => element('a', { class: 'tag', href: addressOf({ ...empty, tags: [tag] }) }, tag)),
          ),
      element('h2', {}, t('home.arrived')),
      ...cards,
    ),
  );
  say('');
}

/** The node is away: what this browser kept. */
async function showKept({ client, content, say, network }: Place): Promise<void> {
  const ids = (await keptBlocks()).slice(0, KEPT_MAX);
  const views = await Promise.all(ids.map((id) => client.get(id).catch(() => undefined)));
  const cards = views.flatMap((view, i) =>
    view === undefined ? [] : [blockCard(ids[i]!, view, checksOf(network), queryOf(''))],
  );
  content.replaceChildren(element('section', { class: 'home' }, element('h1', {}, t('home.offline')), ...cards));
  say(cards.length === 0 ? t('home.nothingKept') : '');
}
