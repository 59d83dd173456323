import type { NodeStatus } from '@cosmicembeddings/sdk';
import { blockCard } from '../parts/block-card.js';
import { checksOf } from '../parts/checks.js';
import { element } from '../parts/element.js';
import { keptBlocks } from '../parts/kept-blocks.js';
import type { Place } from '../parts/place.js';
import { addressOf, queryOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { nodesOf, numberText, t } from '../words/index.js';
import { cardsOf } from './list.js';

const ARRIVALS = 6;
const KEPT_MAX = 24;
const TAGS_MAX = 12;
const SPACES_MAX = 4;
const EXAMPLES = 3;
const TRIED_MAX = 6;
/** Of a space with fewer rows there is no map; that of one with more takes megabytes. */
const GLANCE_MIN = 200;
const GLANCE_MAX = 30_000;

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
  const [cards, counted] = await Promise.all([
    cardsOf(page.ids, empty, place),
    client.facets({}, { values: TAGS_MAX }).catch(() => undefined),
  ]);
  if (signal.aborted) return;
  const examples = element('p', { class: 'try', hidden: '' });
  const drawn = element('aside', { class: 'glance', hidden: '' });
  const rest = (counted?.of.tags ?? 0) - (counted?.tags.length ?? 0);
  content.replaceChildren(
    element(
      'section',
      { class: 'home' },
      element(
        'div',
        { class: 'opening' },
        element(
          'div',
          {},
          element('h1', {}, t('home.holds')),
          element('p', { class: 'holds' }, ...holds(status)),
          element(
            'ul',
            { class: 'spaces' },
            ...counts.spaces.slice(0, SPACES_MAX).map((one) => spaceLine(one, status)),
          ),
          counts.spaces.length > SPACES_MAX
            ? element(
                'p',
                {},
                element('a', { href: hrefOf('spaces') }, t('home.allSpaces', { n: counts.spaces.length })),
              )
            : undefined,
          examples,
          counted === undefined || counted.tags.length === 0
            ? undefined
            : element(
                'p',
                { class: 'tags' },
                ...counted.tags.map(({ value, blocks }) =>
                  element(
                    'a',
                    { class: 'tag', href: addressOf({ ...empty, tags: [value] }), dir: 'auto' },
                    value,
                    element('span', { class: 'n' }, ` ${counted.whole ? '' : '≥ '}${numberText(blocks)}`),
                  ),
                ),
                rest > 0 ? element('span', { class: 'quiet' }, ` ${t('facets.more', { n: rest })}`) : undefined,
              ),
        ),
        drawn,
      ),
      element('h2', {}, t('home.arrived')),
      element('div', { class: 'arrived' }, ...cards),
    ),
  );
  say('');
  const words = cards.flatMap((card) => wordsOf(card.querySelector('h2 a')?.textContent ?? ''));
  await Promise.all([showExamples([...new Set(words)], examples, place), glance(drawn, place)]);
}

/** The counts, each leading to where it is looked at. */
function holds({ head, counts }: NodeStatus): (Node | string)[] {
  const kinds = Object.entries(counts.kinds);
  return [
    ...nodesOf('home.counts', {
      blocks: element('b', {}, t('n.blocks', { n: head.count })),
      passages: element('b', {}, t('n.passages', { n: counts.rows })),
      authors: element('b', {}, t('n.authors', { n: counts.authors })),
    }),
    ...(kinds.length < 2
      ? []
      : [
          element(
            'span',
            { class: 'kinds quiet' },
            kinds
              .slice(0, TAGS_MAX)
              .map(([kind, n]) => `${kind} ${numberText(n)}`)
              .join(' · '),
          ),
        ]),
  ];
}

function spaceLine({ id, space, rows }: NodeStatus['counts']['spaces'][number], status: NodeStatus): HTMLElement {
  return element(
    'li',
    {},
    ...nodesOf('home.space', {
      vectors: element('a', { href: addressOf({ ...queryOf(''), space: id }) }, t('n.vectors', { n: rows })),
      model: element('bdi', {}, space.model),
      dims: space.dims,
    }),
    status.embedders.some((one) => one.space === id)
      ? undefined
      : element('span', { class: 'quiet' }, ` · ${t('home.noEmbedder')}`),
  );
}

/** The heading of a passage, as something to ask for. */
function wordsOf(title: string): string[] {
  const words = (title.split(' › ').at(-1) ?? '').replace(/[`*_#]/g, '').trim();
  return /\s/.test(words) && words.length <= 60 && !/[/\\]|\.\w+$/.test(words) ? [words] : [];
}

/** Questions that have a near answer here: tried before they are shown. */
async function showExamples(
  words: readonly string[],
  examples: HTMLElement,
  { client, signal, status }: Place,
): Promise<void> {
  if (status!.embedders.length === 0) return;
  const found: string[] = [];
  for (const text of words.slice(0, TRIED_MAX)) {
    const answer = await client.search({ text, k: 1 }, signal).catch(() => undefined);
    if (signal.aborted) return;
    const strength = answer?.hits[0]?.strength;
    if (strength === 'strong' || strength === 'fair') found.push(text);
    if (found.length === EXAMPLES) break;
  }
  if (found.length === 0) return;
  examples.append(
    `${t('home.try')} `,
    ...found.flatMap((text, i) => [
      ...(i === 0 ? [] : [' · ']),
      element('a', { href: addressOf({ ...queryOf(''), words: text }), dir: 'auto' }, `“${text}”`),
    ]),
  );
  examples.hidden = false;
}

/** A small picture of the largest space, where the node has its map ready or can soon have it. */
async function glance(drawn: HTMLElement, place: Place): Promise<void> {
  const [space] = place.status!.counts.spaces;
  if (space === undefined || space.rows < GLANCE_MIN || space.rows > GLANCE_MAX) return;
  const { drawGlance } = await import('../map/glance.js');
  await drawGlance(drawn, space.id, place);
}

/** The node is away: what this browser kept. */
async function showKept({ client, content, say, network }: Place): Promise<void> {
  const ids = (await keptBlocks()).slice(0, KEPT_MAX);
  const views = await Promise.all(ids.map((id) => client.get(id).catch(() => undefined)));
  const cards = views.flatMap((view, i) =>
    view === undefined ? [] : [blockCard(ids[i]!, view, checksOf(network), queryOf(''))],
  );
  content.replaceChildren(
    element(
      'section',
      { class: 'home' },
      element('h1', {}, t('error.node.unreachable')),
      element('p', {}, t(cards.length === 0 ? 'home.nothingKept' : 'home.offline')),
      ...cards,
    ),
  );
  say('');
}
