import { barOf } from '../parts/answer.js';
import { element, shortId, table } from '../parts/element.js';
import type { ShowPage } from '../parts/place.js';
import { addressOf, queryOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { numberText, t } from '../words/index.js';

/** Which models' vectors are here, how many, and whether they can be asked in words. */
export const showSpaces: ShowPage = async (place) => {
  const { content, say, client, signal } = place;
  const status = place.status ?? (await client.status());
  if (signal.aborted) return;
  const { spaces } = status.counts;
  const most = Math.max(1, ...spaces.map(({ rows }) => rows));
  const empty = queryOf('');
  content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, t('nav.spaces')),
      element('p', { class: 'quiet' }, t('spaces.intro')),
      spaces.length === 0
        ? element('p', { class: 'warn' }, t('spaces.none'))
        : table(
            t('nav.spaces'),
            [
              t('spaces.model'),
              t('spaces.dims'),
              t('spaces.rows'),
              t('spaces.share'),
              t('spaces.metric'),
              t('spaces.ask'),
              t('spaces.id'),
              t('nav.map'),
            ],
            spaces.map(({ id, rows, space }) => [
              element('a', { href: addressOf({ ...empty, space: id }) }, element('bdi', {}, space.model)),
              numberText(space.dims),
              numberText(rows),
              barOf(rows / most),
              space.metric,
              t(status.embedders.some((one) => one.space === id) ? 'spaces.askYes' : 'spaces.askNo'),
              element('code', { title: id, dir: 'ltr' }, shortId(id)),
              element('a', { href: hrefOf('map', id) }, t('spaces.map')),
            ]),
          ),
    ),
  );
  say('');
};
