import type { Facets, FacetValue } from '@cosmicembeddings/sdk/api';
import { languageName, numberText, t } from '../words/index.js';
import { element, shortDid, shortId } from './element.js';
import { narrowing } from './narrow.js';
import type { Place } from './place.js';
import { addressOf, filterOf, type Query } from './query.js';

const SHOWN = 8;

const names = ['tags', 'authors', 'kinds', 'languages', 'spaces'] as const;
type Name = (typeof names)[number];

interface Listed {
  readonly chosen: readonly (string | undefined)[];
  readonly said?: (value: string) => string;
  /** What a click adds to the question. */
  readonly adds: (value: string) => Partial<Query>;
}

/** Where a question is narrowed: what the blocks that pass have in common, each a link, once the node has counted; then the rest. */
export function facets(query: Query, place: Place): HTMLElement {
  const lists = element('div', {});
  const details = element(
    'details',
    {},
    element('summary', {}, t('narrow.title')),
    lists,
    narrowing(query, place.status),
  );
  // On a phone what was asked for comes first; on a desk there is room beside it.
  const wide = matchMedia('(min-width: 60rem)');
  const fold = (): void => void (details.open = wide.matches);
  fold();
  wide.addEventListener('change', fold, { signal: place.signal });
  void countInto(lists, query, place);
  return element('aside', { class: 'facets', 'aria-label': t('narrow.title') }, details);
}

async function countInto(into: HTMLElement, query: Query, { client, signal, status }: Place): Promise<void> {
  const asked = { values: SHOWN, hidden: query.retracted === true ? 'show' : 'hide', signal } as const;
  // An older node does not count: the page does adds.
  const counted = await client.facets(filterOf(query), asked).catch(() => undefined);
  if (counted === undefined || signal.aborted || counted.blocks === 0) return;
  const models = new Map((status?.counts.spaces ?? []).map(({ id, space }) => [id, space.model]));
  const listed: Readonly<Record<Name, Listed>> = {
    tags: { chosen: query.tags, adds: (tag) => ({ tags: [...query.tags, tag] }) },
    authors: { chosen: [query.author], said: shortDid, adds: (author) => ({ author }) },
    kinds: { chosen: [query.kind], adds: (kind) => ({ kind }) },
    languages: { chosen: [query.language], said: languageName, adds: (language) => ({ language }) },
    spaces: { chosen: [query.space], said: (id) => models.get(id) ?? shortId(id), adds: (space) => ({ space }) },
  };
  const counts = names.flatMap((name) => listOf(name, counted, listed[name], query));
  if (counts.length === 0) return;
  const means = t(counted.whole ? 'facets.whole' : 'facets.part', { n: counted.blocks });
  into.replaceChildren(...counts, element('p', { class: 'quiet' }, means));
}

function listOf(name: Name, counted: Facets, { chosen, said, adds }: Listed, query: Query): HTMLElement[] {
  const { [name]: values, of, whole, blocks } = counted;
  // What all have in common narrows nothing.
  const useful = values.filter((one) => !chosen.includes(one.value) && (!whole || one.blocks < blocks));
  if (useful.length === 0) return [];
  const item = ({ value, blocks: n }: FacetValue): HTMLElement =>
    element(
      'li',
      {},
      element(
        'a',
        { href: addressOf({ ...query, ...adds(value) }), title: value },
        element('bdi', {}, said?.(value) ?? value),
      ),
      element('span', { class: 'n' }, `${whole ? '' : '≥ '}${numberText(n)}`),
    );
  const rest = of[name] - values.length;
  return [
    element(
      'section',
      {},
      element('h2', {}, t(`facets.${name}`)),
      element('ul', {}, ...useful.map(item)),
      rest > 0 ? element('p', { class: 'quiet' }, t('facets.more', { n: rest })) : undefined,
    ),
  ];
}
