import { checkAny } from '@cosmicembeddings/sdk';
import { checksOf } from '../parts/checks.js';
import { authorLink } from '../parts/chips.js';
import { element, factList, shortDid, type Child } from '../parts/element.js';
import type { ShowPage, Place } from '../parts/place.js';
import { queryOf, searchOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { numberText, t, timeText } from '../words/index.js';
import { showList } from './list.js';

/** More than these are not counted. */
const COUNTED = 1000;

/** A key: what it signed, since when, which keys belong to it; then its newest blocks. */
export const showAuthor: ShowPage = async (place, { target: author, search }) => {
  const { content, say, signal } = place;
  say(t('loading'));
  const query = { ...queryOf(search), author };
  const [facts, keys] = await Promise.all([countsOf(author, place), keysOf(author, place)]);
  if (signal.aborted) return;
  content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, `${t('author.title')} `, element('code', { dir: 'ltr' }, shortDid(author))),
      element('p', { class: 'quiet' }, t('author.means'), ' ', element('code', { dir: 'ltr', class: 'id' }, author)),
      factList([...facts, ...keys]),
      facts.length === 0
        ? element('p', {}, t('author.nothing'))
        : element('p', {}, element('a', { href: hrefOf('search', '', searchOf(query)) }, t('author.search'))),
    ),
  );
  if (facts.length === 0) say('');
  else await showList(query, place);
};

async function countsOf(author: string, { client, network }: Place): Promise<(readonly [string, ...Child[]])[]> {
  const filter = { authors: [author] };
  const [newest, oldest] = await Promise.all([
    client.find(filter, { limit: COUNTED, order: 'newest' }),
    client.find(filter, { limit: 1, order: 'oldest' }),
  ]);
  const n = newest.ids.length;
  if (n === 0) return [];
  const timeOf = async (id: string): Promise<string> => {
    const view = await client.get(id);
    const checked = view === undefined ? undefined : checkAny(view.wire, checksOf(network));
    return checked?.status === 'checked' ? timeText(checked.timeMs) : t('unknown');
  };
  const claimed = (text: string): Child[] => [
    `${text} `,
    element('span', { class: 'tier', title: t('claimed.means') }, t('claimed')),
  ];
  return [
    [t('author.blocks'), newest.next === undefined ? numberText(n) : t('n.atLeast', { n })],
    [t('author.since'), ...claimed(await timeOf(oldest.ids[0]!))],
    [t('author.newest'), ...claimed(await timeOf(newest.ids[0]!))],
  ];
}

interface Identity {
  readonly state: 'single' | 'rotated' | 'frozen';
  readonly keys: readonly string[];
  readonly current?: string;
}

/** Which keys are one identity, by this node's view; nothing where it does not say. */
async function keysOf(author: string, { client }: Place): Promise<(readonly [string, ...Child[]])[]> {
  const answer = await client.view('identities', 'of', { author }).catch(() => undefined);
  if (answer === undefined) return [];
  const { state, keys, current } = answer.result as Identity;
  const others = keys.flatMap((key) => [
    authorLink(key),
    key === current && keys.length > 1 ? ` (${t('author.current')}) ` : ' ',
  ]);
  return [
    [t('author.state'), t(`author.${state}`)],
    ...(keys.length > 1 ? [[t('author.keys'), ...others] as const] : []),
  ];
}
