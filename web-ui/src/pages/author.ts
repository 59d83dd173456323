import { checkAny } from '@cosmicembeddings/sdk';
import type { QuestionInfo } from '@cosmicembeddings/sdk/api';
import { checksOf } from '../parts/checks.js';
import { answerNode } from '../parts/answer.js';
import { element, factList, shortDid, type Child } from '../parts/element.js';
import type { ShowPage, Place } from '../parts/place.js';
import { queryOf, searchOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { numberText, t, timeText } from '../words/index.js';
import { showList } from './list.js';
import { questionHref } from './views.js';

/** More than these are not counted. */
const COUNTED = 1000;

/** A key: what it signed, since when, what views say of it; then its newest blocks. */
export const showAuthor: ShowPage = async (place, { target: author, search }) => {
  const { content, say, signal } = place;
  say(t('loading'));
  const query = { ...queryOf(search), author };
  const [facts, said] = await Promise.all([countsOf(author, place), saidOf(author, place)]);
  if (signal.aborted) return;
  content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, `${t('author.title')} `, element('code', { dir: 'ltr' }, shortDid(author))),
      element('p', { class: 'quiet' }, t('author.means'), ' ', element('code', { dir: 'ltr', class: 'id' }, author)),
      factList(facts),
      ...(said.length === 0 ? [] : [element('h2', {}, t('author.said')), ...said]),
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

/** What this node's views say of an author: every question that asks for an author and nothing else it must have. */
async function saidOf(author: string, { client, signal }: Place): Promise<readonly HTMLElement[]> {
  const plugins = await client.plugins().catch(() => []);
  const asked = plugins
    .flatMap(({ views }) => views)
    .flatMap(({ name, questions }) => questions.filter(asksForAuthor).map((question) => ({ name, question })));
  const said = await Promise.all(
    asked.map(async ({ name, question }) => {
      const answer = await client.view(name, question.name, { author }).catch(() => undefined);
      if (answer === undefined || isNothing(answer.result) || signal.aborted) return [];
      const title = element('a', { href: questionHref(name, question.name, { author }) }, question.describe);
      return [element('section', { class: 'said' }, element('h3', {}, title), answerNode(answer.result))];
    }),
  );
  return said.flat();
}

function asksForAuthor({ params }: QuestionInfo): boolean {
  const required = (params['required'] as readonly string[] | undefined) ?? [];
  return required.length === 1 && required[0] === 'author';
}

/** Nothing to say: an empty list, or an answer whose fields are all empty. */
function isNothing(result: unknown): boolean {
  if (result === null || result === undefined) return true;
  if (Array.isArray(result)) return result.length === 0;
  return typeof result === 'object' && Object.values(result).every((one) => Array.isArray(one) && one.length === 0);
}
