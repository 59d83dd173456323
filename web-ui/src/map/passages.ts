import { checkAny, contentOf, inspect } from '@cosmicembeddings/sdk';
import { claimedTime } from '../parts/block-card.js';
import { authorLink } from '../parts/chips.js';
import { checksOf } from '../parts/checks.js';
import { element } from '../parts/element.js';
import { prose, shortened } from '../parts/prose.js';
import type { Place } from '../parts/place.js';
import { hrefOf } from '../parts/route.js';
import { nodesOf, t } from '../words/index.js';

export interface Row {
  readonly id: string;
  readonly row: number;
}

const SHOWN_CHARACTERS = 180;

/** Passages by block and row, each checked here; undefined for one that is not there any more. */
export async function passagesOf(
  rows: readonly Row[],
  { client, network, signal }: Pick<Place, 'client' | 'network' | 'signal'>,
): Promise<readonly (HTMLElement | undefined)[]> {
  const checks = checksOf(network);
  const ids = [...new Set(rows.map(({ id }) => id))];
  const views = new Map((await client.read(ids, signal)).map((view, i) => [ids[i]!, view]));
  return rows.map(({ id, row }) => {
    const view = views.get(id);
    if (view === undefined) return undefined;
    const checked = checkAny(view.wire, checks);
    if (checked.status !== 'checked' || inspect(view.wire, checks).id !== id)
      return element('article', {}, element('p', { class: 'mark bad' }, t('card.bad')));
    const passage = contentOf(checked, checks.registry).passages[row];
    const title = [passage?.origin, passage?.heading].filter((part) => part !== undefined && part !== '').join(' › ');
    return element(
      'article',
      {},
      element(
        'h3',
        { dir: 'auto' },
        element(
          'a',
          { href: hrefOf('block', id, row === 0 ? '' : `?row=${row}`) },
          title === '' ? t('hit.noSource') : title,
        ),
      ),
      passage === undefined
        ? element('p', { class: 'quiet' }, t('hit.noText'))
        : element('div', { class: 'passage', dir: 'auto' }, ...prose(shortened(passage.text, SHOWN_CHARACTERS))),
      element(
        'p',
        { class: 'facts quiet' },
        element('span', {}, ...nodesOf('hit.signed', { author: authorLink(checked.entry.author) })),
        claimedTime(checked.timeMs),
      ),
    );
  });
}
