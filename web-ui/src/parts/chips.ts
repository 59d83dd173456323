import { element, shortDid } from './element.js';
import { addressOf, type Query } from './query.js';

/** What narrows the question, each with a link that takes it away. */
export function chips(query: Query): HTMLElement | undefined {
  const { like, tags, author, space } = query;
  const chip = (text: string, title: string, without: Query): HTMLElement =>
    element(
      'li',
      { class: 'chip', title },
      text,
      element('a', { href: addressOf(without), 'aria-label': `without ${text}` }, '×'),
    );
  const all = [
    ...(like === undefined ? [] : [chip(`like ${like.slice(0, 12)}…`, like, { ...query, like: undefined })]),
    ...tags.map((tag) => chip(`# ${tag}`, tag, { ...query, tags: tags.filter((one) => one !== tag) })),
    ...(author === undefined ? [] : [chip(`by ${shortDid(author)}`, author, { ...query, author: undefined })]),
    ...(space === undefined ? [] : [chip(`space ${space.slice(0, 12)}…`, space, { ...query, space: undefined })]),
  ];
  return all.length === 0 ? undefined : element('ul', { class: 'chips', 'aria-label': 'narrowed to' }, ...all);
}

export function tagLink(tag: string, query: Query): HTMLElement {
  const tags = query.tags.includes(tag) ? query.tags : [...query.tags, tag];
  return element('a', { class: 'tag', href: addressOf({ ...query, tags }), title: 'only what has this tag' }, tag);
}

export function authorLink(author: string, query: Query): HTMLElement {
  return element(
    'a',
    { class: 'author', href: addressOf({ ...query, author }), title: `only what ${author} signed` },
    element('code', {}, shortDid(author)),
  );
}
