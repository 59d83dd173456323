import { languageName, t, type Key } from '../words/index.js';
import { element, shortDid, shortId } from './element.js';
import { addressOf, likeOf, type Query } from './query.js';
import { hrefOf } from './route.js';

/** What narrows the question, each with a link that takes it away. */
export function chips(query: Query): HTMLElement | undefined {
  const { like, pasted, tags, author, space, kind, language, since, until, retracted } = query;
  const chip = (key: Key, what: string, title: string, without: Partial<Query>): HTMLElement => {
    const text = t(key, { what });
    return element(
      'li',
      { class: 'chip', title },
      text,
      element('a', { href: addressOf({ ...query, ...without }), 'aria-label': t('chip.without', { what: text }) }, '×'),
    );
  };
  const all = [
    ...(like === undefined ? [] : [chip('chip.like', shortId(likeOf(like).id), like, { like: undefined })]),
    ...(pasted === true ? [chip('chip.pasted', '', '', { pasted: undefined })] : []),
    ...tags.map((tag) => chip('chip.tag', tag, tag, { tags: tags.filter((one) => one !== tag) })),
    ...(author === undefined ? [] : [chip('chip.by', shortDid(author), author, { author: undefined })]),
    ...(space === undefined ? [] : [chip('chip.space', shortId(space), space, { space: undefined })]),
    ...(kind === undefined ? [] : [chip('chip.kind', kind, kind, { kind: undefined })]),
    ...(language === undefined
      ? []
      : [chip('chip.language', languageName(language), language, { language: undefined })]),
    ...(since === undefined ? [] : [chip('chip.since', since, since, { since: undefined })]),
    ...(until === undefined ? [] : [chip('chip.until', until, until, { until: undefined })]),
    ...(retracted === undefined ? [] : [chip('chip.retracted', '', '', { retracted: undefined })]),
  ];
  return all.length === 0 ? undefined : element('ul', { class: 'chips', 'aria-label': t('chips.label') }, ...all);
}

export function tagLink(tag: string, query: Query): HTMLElement {
  const tags = query.tags.includes(tag) ? query.tags : [...query.tags, tag];
  const href = addressOf({ ...query, tags });
  return element('a', { class: 'tag', href, title: t('chip.onlyTag'), dir: 'auto' }, tag);
}

/** To the author's own page. */
export function authorLink(author: string): HTMLElement {
  return element(
    'a',
    { class: 'author', href: hrefOf('author', author), title: author },
    element('code', { dir: 'ltr' }, shortDid(author)),
  );
}

export function blockLink(id: string, row?: number): HTMLElement {
  const href = hrefOf('block', id, row === undefined || row === 0 ? '' : `?row=${row}`);
  return element('a', { class: 'id', href, title: id, dir: 'ltr' }, shortId(id));
}
