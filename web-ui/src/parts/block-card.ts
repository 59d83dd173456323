import { checkAny, contentOf, inspect, type Checks, type SignedBlock } from '@cosmicembeddings/sdk';
import { nodesOf, t, timeText } from '../words/index.js';
import { authorLink, blockLink, tagLink } from './chips.js';
import { element } from './element.js';
import { prose, shortened } from './prose.js';
import type { Query } from './query.js';
import { hrefOf } from './route.js';

const SHOWN_CHARACTERS = 280;
/** What Markdown files have for their looks: a glance at the words is without it, the block's own page has all. */
const TAGS =
  /<\/?(?:a|b|br|center|code|details|div|em|h[1-6]|hr|i|img|kbd|li|p|picture|source|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|ul)(?:\s[^<>]*)?\/?>/gi;

/** A block in a list: its first words, checked in this browser. */
export function blockCard(id: string, view: SignedBlock, checks: Checks, query: Query): HTMLElement {
  const checked = checkAny(view.wire, checks);
  if (checked.status !== 'checked' || inspect(view.wire, checks).id !== id)
    return element('article', { class: 'card' }, element('p', { class: 'mark bad' }, t('card.bad')), blockLink(id));
  const { passages } = contentOf(checked, checks.registry);
  const first = passages.find((passage) => passage !== undefined);
  const title = [first?.origin, first?.heading].filter((part) => part !== undefined && part !== '');
  const text = wordsOf(first?.text ?? '');
  return element(
    'article',
    { class: 'card', 'data-id': id },
    element(
      'h2',
      { dir: 'auto' },
      element('a', { href: hrefOf('block', id) }, title.length === 0 ? checked.entry.kind : title.join(' › ')),
    ),
    text === ''
      ? undefined
      : element('div', { class: 'passage', dir: 'auto' }, ...prose(shortened(text, SHOWN_CHARACTERS))),
    element(
      'p',
      { class: 'facts quiet' },
      claimedTime(checked.timeMs),
      element('span', { class: 'mark good' }, ...nodesOf('hit.signed', { author: authorLink(checked.entry.author) })),
      ...checked.entry.tags.map((tag) => tagLink(tag, query)),
      element('span', {}, checked.entry.kind),
      blockLink(id),
    ),
  );
}

/** Pictures (badges, mostly) by what they say, quoted lines without their marks; all of it where nothing would be left. */
function wordsOf(text: string): string {
  const words = text
    .replaceAll(TAGS, '')
    .replaceAll('&nbsp;', ' ')
    .replaceAll(/\[!\[([^\]\n]{0,200})\]\([^()\s]{1,2000}\)\]\([^()\s]{1,2000}\)/g, '$1')
    .replaceAll(/!\[([^\]\n]{0,200})\]\([^()\s]{1,2000}\)/g, '$1')
    .replaceAll(/^ {0,3}> ?/gm, '')
    .trim();
  return words === '' ? text : words;
}

export function claimedTime(timeMs: number): HTMLElement {
  return element(
    'span',
    {},
    `${timeText(timeMs)} `,
    element('span', { class: 'tier', title: t('claimed.means') }, t('claimed')),
  );
}
