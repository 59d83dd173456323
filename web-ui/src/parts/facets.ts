import type { Facets, FacetValue } from '@cosmicembeddings/sdk/api';
import { languageName, numberText, t } from '../words/index.js';
import { element, shortDid, shortId } from './element.js';
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

/** What the blocks that pass have in common, each a link that narrows further; empty until the node has counted. */
export function facets(query: Query, place: Place): HTMLElement {
  const side = element('aside', { class: 'facets', 'aria-label': t('facets.title') });
  void countInto(side, query, place);
  return side;
}

async function countInto(side: HTMLElement, query: Query, { client, signal, status }: Place): Promise<void> {
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
  const lists = names.flatMap((name) => listOf(name, counted, listed[name], query));
  if (lists.length === 0) return;
  const means = t(counted.whole ? 'facets.whole' : 'facets.part', { n: counted.blocks });
  const details = element(
    'details',
    {},
    element('summary', {}, t('facets.title')),
    ...lists,
    element('p', { class: 'quiet' }, means),
  );
  // On a phone what was asked for comes first; on a desk there is room beside it.
  const wide = matchMedia('(min-width: 60rem)');
  const fold = (): void => void (details.open = wide.matches);
  fold();
  wide.addEventListener('change', fold, { signal });
  side.replaceChildren(details);
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
