import { CosmicError } from '@cosmicembeddings/sdk';
import type { Panel, PluginInfo, QuestionInfo } from '@cosmicembeddings/sdk/api';
import { answerNode, type Shape } from '../parts/answer.js';
import { element } from '../parts/element.js';
import type { ShowPage } from '../parts/place.js';
import { hrefOf } from '../parts/route.js';
import { schemaForm } from '../parts/schema-form.js';
import { t } from '../words/index.js';

/** Address of a question with its parameters. */
export function questionHref(view: string, question: string, params: Readonly<Record<string, unknown>> = {}): string {
  const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])).toString();
  return hrefOf('view', `${view}/${question}`, query === '' ? '' : `?${query}`);
}

/** All that this node's plug-ins offer: their panels first, then every question of every view. */
export const showViews: ShowPage = async ({ client, content, say }) => {
  const plugins = await client.plugins();
  const links = plugins
    .flatMap(({ panels }) => panels)
    .map((panel) => element('li', {}, element('a', { href: panelHref(panel) }, panel.title)));
  content.replaceChildren(
    element(
      'section',
      { class: 'views' },
      element('h1', {}, t('views.title')),
      links.length === 0 ? undefined : element('ul', { class: 'panels' }, ...links),
      ...plugins
        .flatMap(({ views }) => views)
        .map((view) =>
          element(
            'article',
            {},
            element('h2', {}, view.name),
            view.describe === undefined ? undefined : element('p', { class: 'quiet' }, view.describe),
            element(
              'ul',
              {},
              ...view.questions.map((question) =>
                element(
                  'li',
                  {},
                  element('a', { href: questionHref(view.name, question.name) }, question.name),
                  ` ${question.describe}`,
                ),
              ),
            ),
          ),
        ),
    ),
  );
  say('');
};

function panelHref({ shows }: Panel): string {
  return 'form' in shows ? hrefOf('form', shows.form) : questionHref(shows.view, shows.question);
}

/** One question: a form for its parameters, and the answer, which follows what arrives. */
export const showQuestion: ShowPage = async ({ client, content, say, signal }, { target, search: query }) => {
  const [, view = '', name = ''] = /^([^/]+)\/(.+)$/.exec(target) ?? [];
  const plugins = await client.plugins();
  const question = questionIn(plugins, view, name);
  if (question === undefined) throw new CosmicError('request.not_found', `${view} has no question ${name}`);
  const given = Object.fromEntries(new URLSearchParams(query));
  const shows = plugins
    .flatMap(({ panels }) => panels)
    .flatMap((panel) =>
      'view' in panel.shows && panel.shows.view === view && panel.shows.question === name
        ? [{ title: panel.title, ...panel.shows }]
        : [],
    )[0];
  const answer = element('div', { 'aria-live': 'polite' });
  const form = schemaForm(ownParams(question), t('views.ask'), given, (values) => {
    location.hash = questionHref(view, name, values);
  });
  const asks = hasFields(question);
  content.replaceChildren(
    element(
      'section',
      { class: 'views' },
      element('p', { class: 'quiet' }, element('a', { href: hrefOf('views') }, t('views.all')), ` › ${view} › ${name}`),
      element('h1', {}, shows?.title ?? question.describe),
      shows === undefined ? undefined : element('p', { class: 'quiet' }, question.describe),
      asks ? form.node : undefined,
      answer,
    ),
  );
  say('');
  if (asks && query === '' && requiredOf(question).length > 0) return;
  for await (const { result, local, missing, cursor } of client.watchView(view, name, given, signal)) {
    const next = nextOf(result);
    answer.replaceChildren(
      answerNode(result, (shows?.as ?? 'details') satisfies Shape, shows?.rows),
      ...(next === undefined
        ? []
        : [element('p', {}, element('a', { href: questionHref(view, name, { ...given, after: next }) }, t('more')))]),
      element(
        'p',
        { class: 'quiet' },
        [
          t('views.answer', { seq: cursor.seq }),
          ...(local === true ? [t('views.local')] : []),
          ...(missing.length > 0 ? [t('views.missing', { blocks: t('n.blocks', { n: missing.length }) })] : []),
        ].join(' '),
      ),
    );
  }
};

/** A form for a block of a kind. It is signed where the key is that is meant. */
export const showForm: ShowPage = async ({ client, content, say }, { target: kindName }) => {
  const kind = (await client.plugins()).flatMap(({ kinds }) => kinds).find(({ name }) => name === kindName);
  if (kind === undefined) throw new CosmicError('kind.unknown', kindName);
  const made = element('div', {});
  const needs = [...(kind.refs ?? []), ...(kind.links ?? [])];
  const form = schemaForm(withNeeds(kind.schema, needs), t('views.make'), {}, (values) => {
    const flags = needs.flatMap(({ rel }) =>
      typeof values[rel] === 'string' ? [`--${rel} ${values[rel].trim()}`] : [],
    );
    const own = Object.fromEntries(Object.entries(values).filter(([name]) => !needs.some(({ rel }) => rel === name)));
    const command = ['cosmic publish', kind.name, ...flags, "--json - <<'END'"].join(' ');
    made.replaceChildren(
      element('p', {}, t('views.noKey')),
      element('pre', {}, `${command}\n${JSON.stringify(own, null, 2)}\nEND`),
    );
  });
  content.replaceChildren(
    element(
      'section',
      { class: 'views' },
      element('p', { class: 'quiet' }, element('a', { href: hrefOf('views') }, t('views.all')), ` › ${kind.name}`),
      element('h1', {}, kind.describe ?? kind.name),
      form.node,
      made,
    ),
  );
  say('');
};

function withNeeds(
  schema: PluginInfo['kinds'][number]['schema'],
  needs: readonly { rel: string; what: string }[],
): typeof schema {
  const properties = Object.fromEntries(
    needs.map(({ rel, what }) => [rel, { type: 'string', maxLength: 64, description: `id: ${what}` }]),
  );
  return { allOf: [schema, { properties }] };
}

function questionIn(plugins: readonly PluginInfo[], view: string, name: string): QuestionInfo | undefined {
  return plugins
    .flatMap(({ views }) => views)
    .find((one) => one.name === view)
    ?.questions.find((one) => one.name === name);
}

/** Parameters without those of paging: a link leads on. */
function ownParams({ params, page }: QuestionInfo): QuestionInfo['params'] {
  const properties = (params['properties'] ?? {}) as Readonly<Record<string, unknown>>;
  const own = Object.entries(properties).filter(([name]) => page !== true || (name !== 'limit' && name !== 'after'));
  return { ...params, properties: Object.fromEntries(own) };
}

function hasFields(question: QuestionInfo): boolean {
  return Object.keys(ownParams(question)['properties'] as object).length > 0;
}

function nextOf(result: unknown): string | undefined {
  const next = (result as { next?: unknown } | null)?.next;
  return typeof next === 'string' ? next : undefined;
}

function requiredOf({ params }: QuestionInfo): readonly string[] {
  return (params['required'] as readonly string[] | undefined) ?? [];
}
