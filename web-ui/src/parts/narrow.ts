import type { NodeStatus } from '@cosmicembeddings/sdk';
import { t } from '../words/index.js';
import { element } from './element.js';
import { keepVector, vectorOfFile } from './pasted.js';
import { addressOf, type Query } from './query.js';

/** A form for what narrows a question and is not clicked anywhere else. */
export function narrowing(query: Query, status: NodeStatus | undefined): HTMLElement {
  const input = (name: string, type: string, value = ''): HTMLInputElement =>
    element('input', { name, type, value, autocomplete: 'off' });
  const label = (text: string, control: HTMLElement): HTMLElement =>
    element('label', {}, element('span', {}, text), control);
  const [tag, since, until] = [
    input('tag', 'text'),
    input('since', 'date', query.since),
    input('until', 'date', query.until),
  ];
  const retracted = input('retracted', 'checkbox');
  retracted.checked = query.retracted === true;
  const space = element(
    'select',
    { name: 'space' },
    element('option', { value: '' }, t('narrow.anySpace')),
    ...(status?.counts.spaces ?? []).map(({ id, space: { model, dims } }) =>
      element('option', { value: id, ...(id === query.space ? { selected: '' } : {}) }, `${model} (${dims})`),
    ),
  );
  const file = element('input', { name: 'vector', type: 'file', accept: '.npy,.json' });
  const wrong = element('p', { class: 'warn', hidden: '', role: 'alert' }, t('narrow.noVector'));
  file.addEventListener('change', () => {
    void file.files?.[0]?.arrayBuffer().then((buffer) => {
      const values = vectorOfFile(new Uint8Array(buffer));
      wrong.hidden = values !== undefined;
      if (values === undefined) return;
      keepVector(values);
      location.hash = addressOf({ ...query, words: '', like: undefined, pasted: true });
    });
  });
  const form = element(
    'form',
    { class: 'fields' },
    label(t('narrow.tag'), tag),
    label(t('narrow.since'), since),
    label(t('narrow.until'), until),
    label(t('narrow.space'), space),
    label(t('narrow.vector'), file),
    element('label', { class: 'check' }, retracted, t('narrow.retracted')),
    element('button', { type: 'submit', class: 'plain' }, t('narrow.apply')),
    wrong,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const added = tag.value.trim();
    location.hash = addressOf({
      ...query,
      tags: added === '' ? query.tags : [...new Set([...query.tags, added])],
      since: since.value || undefined,
      until: until.value || undefined,
      space: space.value || undefined,
      retracted: retracted.checked || undefined,
    });
  });
  return form;
}
