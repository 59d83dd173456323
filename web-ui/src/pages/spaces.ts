import type { SpaceReport } from '@cosmicembeddings/sdk';
import { barOf } from '../parts/answer.js';
import { authorLink, blockLink } from '../parts/chips.js';
import { element, factList, shortId, table, type Child } from '../parts/element.js';
import type { ShowPage } from '../parts/place.js';
import { addressOf, queryOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { nodesOf, numberText, t } from '../words/index.js';

/** Which models' vectors are here, how many, whether they can be asked in words, and what this node has found out about each. */
export const showSpaces: ShowPage = async ({ client, content, say, signal }) => {
  say(t('loading'));
  const spaces = [...(await client.spaces())].sort((a, b) => b.rows - a.rows);
  if (signal.aborted) return;
  const names = new Map(spaces.map(({ id, space }) => [id, space.model]));
  content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, t('nav.spaces')),
      element('p', { class: 'quiet' }, t('spaces.intro')),
      spaces.length === 0 ? element('p', { class: 'warn' }, t('spaces.none')) : overview(spaces),
      spaces.length === 0 ? undefined : element('h2', {}, t('spaces.more')),
      element('div', { class: 'parts' }, ...spaces.map((space) => whatIsSaid(space, names))),
    ),
  );
  say('');
};

function overview(spaces: readonly SpaceReport[]): HTMLElement {
  const most = Math.max(1, ...spaces.map(({ rows }) => rows));
  const empty = queryOf('');
  return table(
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
    spaces.map(({ id, rows, space, embedder }) => [
      element('a', { href: addressOf({ ...empty, space: id }) }, element('bdi', { class: 'model' }, space.model)),
      numberText(space.dims),
      numberText(rows),
      barOf(rows / most),
      space.metric,
      t(embedder ? 'spaces.askYes' : 'spaces.askNo'),
      element('code', { title: id, dir: 'ltr' }, shortId(id)),
      element('a', { href: hrefOf('map', id) }, t('spaces.map')),
    ]),
  );
}

/** How it is compared, whether its rows are those of their texts, and ways into it from others: this node's word. */
function whatIsSaid(report: SpaceReport, names: ReadonlyMap<string, string>): HTMLElement {
  const { space, rows, siblings, home, background, honesty, canaries, translators } = report;
  const nameOf = (id: string): HTMLElement => element('bdi', { title: id }, names.get(id) ?? shortId(id));
  const facts: (readonly [string, ...Child[]])[] = [
    [t('spaces.rows'), numberText(rows)],
    ...(home === undefined || home.rows === 0 ? [] : [[t('spaces.home'), numberText(home.rows)] as const]),
    // What has no rows is compared with nothing.
    ...(rows === 0 && (home?.rows ?? 0) === 0
      ? []
      : [
          [
            t('spaces.compared'),
            background.of === 'common' ? t('spaces.common', { n: background.n }) : t('spaces.own'),
          ] as const,
        ]),
    [
      t('spaces.honesty'),
      honesty.state === 'doubtful' ? '' : t(`spaces.${honesty.state}`, { n: honesty.rows }),
      ...honesty.doubts.map(({ why, authors = [] }) =>
        element('p', { class: 'warn' }, why, ...authors.flatMap((author) => [' ', authorLink(author)])),
      ),
    ],
    [t('spaces.canaries'), t(`spaces.canaries.${canaries.state}`)],
    ...(siblings.length === 0
      ? []
      : [[t('spaces.siblings'), ...siblings.flatMap((id, i) => [...(i === 0 ? [] : [', ']), nameOf(id)])] as const]),
    [
      t('spaces.translators'),
      ...(translators.length === 0
        ? [t('spaces.noTranslators')]
        : translators.map(({ id, from, method, quality }) =>
            element(
              'p',
              {},
              ...nodesOf('spaces.translator', {
                from: nameOf(from),
                method,
                quality: numberText(quality, 2),
                id: blockLink(id),
              }),
            ),
          )),
    ],
  ];
  return element(
    'section',
    { class: 'part' },
    element('h3', {}, element('bdi', {}, space.model), ` · ${numberText(space.dims)}`),
    factList(facts),
  );
}
