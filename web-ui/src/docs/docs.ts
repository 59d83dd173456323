import { byId, element } from '../parts/element.js';
import { wireTheme } from '../parts/theme.js';
import { namesOf, operationsOf, textOf, type Operation, type Reference } from './reference.js';
import { send } from './send.js';

function parameterRows(operation: Operation): {
  readonly table?: HTMLElement;
  readonly inputs: Map<string, HTMLInputElement>;
} {
  const inputs = new Map<string, HTMLInputElement>();
  const rows = operation.parameters.map(({ name, place, isRequired, type, says }) => {
    const input = element('input', { 'aria-label': name, placeholder: type });
    inputs.set(`${place} ${name}`, input);
    const mark = isRequired ? ' *' : '';
    return element(
      'tr',
      {},
      element('td', {}, element('code', {}, name), mark),
      element('td', {}, input),
      element('td', { class: 'quiet' }, says),
    );
  });
  return rows.length === 0 ? { inputs } : { table: element('table', {}, ...rows), inputs };
}

function answers(operation: Operation, reference: Reference): Node[] {
  return operation.answers.flatMap(({ status, says, contents }) => [
    element('h4', {}, `${status} · ${says}`),
    ...contents.map(({ type, schema, example }) =>
      element(
        'details',
        {},
        element('summary', {}, element('code', {}, type), ' ', element('span', { class: 'quiet' }, namesOf(schema))),
        ...(example === undefined ? [] : [element('pre', {}, textOf(example))]),
        element('pre', {}, textOf(reference.resolve(schema))),
      ),
    ),
  ]);
}

/** What an operation takes and answers, and a form that sends it; made when it is opened. */
function body(operation: Operation, reference: Reference): Node[] {
  const { table, inputs } = parameterRows(operation);
  const json = operation.takes?.find(({ type }) => type === 'application/json');
  const text = json === undefined ? undefined : element('textarea', { 'aria-label': 'body', spellcheck: 'false' });
  if (text !== undefined) text.value = json?.example === undefined ? '{}' : textOf(json.example);
  const isBytes = operation.takes !== undefined && json === undefined;
  const file = isBytes ? element('input', { type: 'file', 'aria-label': 'file with signed blocks' }) : undefined;
  const button = element('button', { type: 'button' }, 'Send');
  const out = element('pre', { role: 'status', hidden: '' });
  button.addEventListener('click', () => {
    const values = new Map([...inputs].map(([name, input]) => [name, input.value]));
    const given = text?.value ?? file?.files?.[0];
    const sent = isBytes ? (operation.takes?.[0]?.type ?? '') : 'application/json';
    out.hidden = false;
    out.textContent = 'sending …';
    send(
      operation,
      values,
      given === undefined ? undefined : { type: sent, data: given },
      byId<HTMLInputElement>('token').value,
    )
      .then((answer) => (out.textContent = answer))
      .catch((error: unknown) => (out.textContent = String(error)));
  });
  return [
    ...(operation.describes === '' ? [] : [element('p', {}, operation.describes)]),
    ...(operation.needsKey ? [element('p', { class: 'quiet' }, 'Needs the operator’s token.')] : []),
    ...[table, text, file, button, out].filter((one) => one !== undefined),
    ...(json === undefined ? [] : [details('Schema of the body', textOf(reference.resolve(json.schema)))]),
    ...answers(operation, reference),
  ];
}

function details(title: string, text: string): HTMLElement {
  return element('details', {}, element('summary', {}, title), element('pre', {}, text));
}

function show(reference: Reference): void {
  byId('about').textContent = `${reference.title} ${reference.version}`;
  const place = byId('operations');
  for (const { name, says, operations } of reference.tags) {
    place.append(element('h2', {}, name), element('p', { class: 'quiet' }, says));
    for (const operation of operations) {
      const one = element(
        'details',
        { class: 'operation', id: operation.id },
        element(
          'summary',
          {},
          element('span', { class: 'method' }, operation.method),
          element('code', {}, operation.path),
          ' ',
          element('span', { class: 'quiet' }, operation.summary),
        ),
      );
      one.addEventListener('toggle', () => one.childElementCount > 1 || one.append(...body(operation, reference)));
      place.append(one);
    }
  }
  const asked = document.getElementById(location.hash.slice(1));
  if (asked instanceof HTMLDetailsElement) asked.open = true;
}

wireTheme(byId<HTMLButtonElement>('theme'), () => undefined);
fetch('openapi.json')
  .then(async (response) => show(operationsOf(await response.json())))
  .catch((error: unknown) => (byId('about').textContent = String(error)));
