import { checkAny, contentOf, inspect, type Checks, type SignedBlock } from '@cosmicembeddings/sdk';
import { tierMeaning } from '@cosmicembeddings/sdk/sky';
import { authorLink, tagLink } from './chips.js';
import { element, timeText } from './element.js';
import { prose, shortened } from './prose.js';
import type { Query } from './query.js';

const SHOWN_CHARACTERS = 280;

/** A block in a list: its first words, checked in this browser. */
export function blockCard(id: string, view: SignedBlock, checks: Checks, query: Query): HTMLElement {
  const checked = checkAny(view.wire, checks);
  const link = element('a', { class: 'id', href: `#block=${id}` }, `${id.slice(0, 12)}…${id.slice(-6)}`);
  if (checked.status !== 'checked' || inspect(view.wire, checks).id !== id)
    return element('article', { class: 'card' }, element('p', { class: 'mark bad' }, '✗ not verified'), link);
  const { passages } = contentOf(checked, checks.registry);
  const first = passages.find((passage) => passage !== undefined);
  const title = [first?.origin, first?.heading].filter((part) => part !== undefined && part !== '');
  const text = first?.text ?? '';
  return element(
    'article',
    { class: 'card', 'data-id': id },
    element('h2', {}, title.length === 0 ? checked.entry.kind : title.join(' › ')),
    text === '' ? undefined : element('p', {}, ...prose(shortened(text, SHOWN_CHARACTERS))),
    element(
      'p',
      { class: 'facts quiet' },
      element(
        'span',
        {},
        `${timeText(checked.timeMs)} `,
        element('span', { class: 'tier', title: tierMeaning.claimed }, 'claimed'),
      ),
      element('span', { class: 'mark good' }, '✓ signed by ', authorLink(checked.entry.author, query)),
      ...checked.entry.tags.map((tag) => tagLink(tag, query)),
      element('span', {}, checked.entry.kind),
      link,
    ),
  );
}
