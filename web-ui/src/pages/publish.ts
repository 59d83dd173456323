import type { Embedder } from '@cosmicembeddings/sdk';
import { openMemory, type Memory, type Remembered } from '@cosmicembeddings/sdk/agent';
import { authorLink, blockLink } from '../parts/chips.js';
import { element, type Child } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import type { ShowPage, Place } from '../parts/place.js';
import { documentOf, documentsOf, FILE_MAX_BYTES, type LeftOut, type NewDocument } from '../publish/documents.js';
import { browserEmbedder, modelsOf, nodeEmbedder } from '../publish/embedders.js';
import { retractButton } from '../publish/retract.js';
import { spoken, t, type Key } from '../words/index.js';

/** The set of documents that this page writes to. */
const COLLECTION = 'page';
const PREVIEWED = 30;
const MINE = 50;
const WHO = 'published-as';

/** What leaves, who signs, how it is undone: a form, a preview, and what became of it. The key never leaves this browser. */
export const showPublish: ShowPage = async (place) => {
  const { content, say, client } = place;
  const models = await modelsOf(client);
  if (place.signal.aborted) return;
  const text = element('textarea', { name: 'text', rows: '9', placeholder: t('publish.textHint'), dir: 'auto' });
  const files = element('input', { type: 'file', name: 'files', multiple: '', accept: '.md,.markdown,.txt' });
  const source = element('input', { name: 'source', type: 'text', autocomplete: 'off', dir: 'auto' });
  const tags = element('input', { name: 'tags', type: 'text', autocomplete: 'off', dir: 'auto' });
  const tongue = element('input', { name: 'language', type: 'text', value: spoken().language, size: '6', dir: 'ltr' });
  const embedder = element(
    'select',
    { name: 'embedder' },
    element('option', { value: 'english-1' }, t('publish.inBrowser')),
    element('option', { value: 'lexical' }, t('publish.lexical')),
    ...models.map(({ id, space }) => element('option', { value: id }, t('publish.byNode', { model: space.model }))),
  );
  const below = element('div', { 'aria-live': 'polite' });
  const label = (key: Key, control: HTMLElement): HTMLElement =>
    element('label', {}, element('span', {}, t(key)), control);
  const form = element(
    'form',
    { class: 'schema' },
    label('publish.text', text),
    label('publish.files', files),
    label('publish.source', source),
    label('publish.tags', tags),
    label('publish.language', tongue),
    label('publish.embedder', embedder),
    element('button', { type: 'submit' }, t('publish.preview')),
  );
  const chosen = (): Promise<Embedder> => {
    const model = models.find(({ id }) => id === embedder.value);
    if (model !== undefined) return Promise.resolve(nodeEmbedder(model, client));
    return browserEmbedder(embedder.value as 'english-1' | 'lexical', client);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void (async () => {
      const { documents, left } = await documentsOf([...(files.files ?? [])]);
      const typed = text.value.trim() === '' ? [] : [documentOf(source.value.trim(), text.value, true)];
      const about = {
        tags: [...new Set(tags.value.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== ''),
        ...(tongue.value.trim() === '' ? {} : { language: tongue.value.trim() }),
      };
      below.replaceChildren(preview([...typed, ...documents], left, about, chosen, place));
      below.querySelector('h2')?.focus();
    })().catch((error: unknown) => say(explain(error)));
  });
  content.replaceChildren(
    element(
      'section',
      { class: 'page publish' },
      element('h1', {}, t('nav.publish')),
      element('p', { class: 'warn' }, element('b', {}, t('publish.warnTitle')), ` · ${t('publish.warn')}`),
      keyLine(),
      form,
      below,
      mine(place),
    ),
  );
  say('');
};

interface Shared {
  readonly tags: readonly string[];
  readonly language?: string;
}

function keyLine(): HTMLElement {
  const who = localStorage.getItem(WHO);
  const key: Child[] = who === null ? [t('publish.keyNone')] : [`${t('publish.key')}: `, authorLink(who)];
  return element('p', { class: 'quiet key' }, ...key, ` · ${t('publish.keyMeans')}`);
}

/** What would leave this browser, and the button that lets it. */
function preview(
  documents: readonly NewDocument[],
  left: readonly LeftOut[],
  about: Shared,
  embedder: () => Promise<Embedder>,
  place: Place,
): HTMLElement {
  const all = documents.flatMap(({ passages }) => passages);
  const leftOut = left.map(({ name, why }) =>
    element(
      'li',
      { class: 'mark bad' },
      t('publish.left', { name, why: t(`publish.${why}`, { n: FILE_MAX_BYTES / 1e6 }) }),
    ),
  );
  if (all.length === 0)
    return element('div', {}, element('p', { class: 'warn' }, t('publish.nothing')), element('ul', {}, ...leftOut));
  const agree = element('input', { type: 'checkbox', name: 'agree' });
  const button = element('button', { type: 'button', disabled: '' }, t('publish.do'));
  agree.addEventListener('change', () => void (button.disabled = !agree.checked));
  const said = element('div', { role: 'status' });
  button.addEventListener('click', () => {
    button.disabled = agree.disabled = true;
    said.textContent = t('publish.working');
    void publish(documents, about, embedder, place)
      .then(
        (result) => said.replaceChildren(result),
        (error: unknown) => void (said.textContent = explain(error)),
      )
      .finally(() => void (agree.disabled = false));
  });
  const counted = t('publish.passages', {
    passages: t('n.passages', { n: all.length }),
    documents: t('publish.documents', { n: documents.length }),
  });
  return element(
    'div',
    { class: 'preview' },
    element('h2', { tabindex: '-1' }, t('publish.previewTitle')),
    element('p', {}, counted, all.length > PREVIEWED ? ` ${t('publish.shown', { n: PREVIEWED })}` : ''),
    element('ul', {}, ...leftOut),
    element('ol', { class: 'passages' }, ...all.slice(0, PREVIEWED).map((one) => element('li', { dir: 'auto' }, one))),
    element('label', { class: 'check' }, agree, t('publish.agree')),
    button,
    said,
  );
}

async function publish(
  documents: readonly NewDocument[],
  about: Shared,
  embedder: () => Promise<Embedder>,
  { client, signal }: Place,
): Promise<HTMLElement> {
  const memory = await openMemory({ node: client, embedder: await embedder(), collection: COLLECTION });
  localStorage.setItem(WHO, memory.author);
  const results = await memory.remember(
    // A source names a document: the same again is a new version of it.
    documents.map(({ source, passages }) => ({
      ...(source === '' ? {} : { id: source, origin: source }),
      passages,
      ...about,
    })),
    { settle: true, signal },
  );
  return element(
    'div',
    {},
    element('h2', {}, t('publish.done')),
    element('ul', { class: 'results' }, ...results.map((one) => resultItem(one, documents, results, memory))),
    element('p', { class: 'quiet' }, t('publish.retractMeans'), ' ', t('publish.how')),
    element('p', {}, authorLink(memory.author)),
  );
}

function resultItem(
  one: Remembered,
  documents: readonly NewDocument[],
  results: readonly Remembered[],
  memory: Memory,
): HTMLElement {
  const name = documents[results.indexOf(one)]?.source || t('block.title');
  if (one.status === 'refused' || one.block === undefined)
    return element(
      'li',
      { class: 'mark bad' },
      `✕ ${name}: ${t('publish.refused', { why: one.error === undefined ? '' : explain(one.error) })}`,
    );
  return element(
    'li',
    { 'data-id': one.block },
    `● `,
    element('bdi', {}, name),
    `: ${t(`publish.${one.status}`)} · `,
    blockLink(one.block),
    ' ',
    retractButton(one.id, () => Promise.resolve(memory)),
  );
}

/** What this browser's key signed here before, each with its retraction. */
function mine({ client, signal }: Place): HTMLElement | undefined {
  if (localStorage.getItem(WHO) === null) return undefined;
  const details = element('details', {}, element('summary', {}, t('publish.mine')));
  const open = async (): Promise<Memory> => openMemory({ node: client, embedder: 'lexical', collection: COLLECTION });
  details.addEventListener(
    'toggle',
    () =>
      void (async () => {
        const memory = await open();
        const { items } = await memory.list({ authors: 'mine' }).page();
        if (signal.aborted) return;
        details.append(
          items.length === 0
            ? element('p', { class: 'quiet' }, t('none'))
            : element(
                'ul',
                { class: 'results' },
                ...items
                  .slice(0, MINE)
                  .map(({ id, block, origin }) =>
                    element(
                      'li',
                      {},
                      element('bdi', {}, origin ?? ''),
                      ' ',
                      blockLink(block),
                      ' ',
                      retractButton(id, open),
                    ),
                  ),
              ),
        );
      })().catch((error: unknown) => details.append(element('p', { class: 'warn' }, explain(error)))),
    { once: true },
  );
  return details;
}
