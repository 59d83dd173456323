import { numberText, t } from '../words/index.js';
import { authorLink, blockLink } from './chips.js';
import { element } from './element.js';

/** How the rows of an answer are shown. */
export type Shape = 'table' | 'details' | 'bars';

/** An answer from its data alone: facts as a list, rows as a table or as bars. `rows`: the field that holds the rows. */
export function answerNode(result: unknown, shape: Shape = 'details', rows?: string): HTMLElement {
  if (shape !== 'details' && rows !== undefined && isObject(result)) {
    const { [rows]: list, ...rest } = result;
    if (Array.isArray(list)) {
      const facts = Object.keys(rest).length === 0 ? undefined : detailsOf(rest);
      return element('div', { class: 'answer' }, facts, shape === 'bars' ? barsOf(list) : tableOf(list));
    }
  }
  return element('div', { class: 'answer' }, valueNode(result));
}

function valueNode(value: unknown): HTMLElement {
  if (Array.isArray(value)) return value.every(isObject) && value.length > 0 ? tableOf(value) : listOf(value);
  if (isObject(value)) return detailsOf(value);
  return element('span', {}, scalarNode(value));
}

function listOf(list: readonly unknown[]): HTMLElement {
  if (list.length === 0) return element('p', { class: 'quiet' }, t('none'));
  return element('ul', {}, ...list.map((one) => element('li', {}, valueNode(one))));
}

function detailsOf(value: Readonly<Record<string, unknown>>): HTMLElement {
  return element(
    'dl',
    {},
    ...Object.entries(value).flatMap(([name, one]) => [
      element('dt', {}, wordsOf(name)),
      element('dd', {}, valueNode(one)),
    ]),
  );
}

function tableOf(rows: readonly unknown[]): HTMLElement {
  const objects = rows.filter(isObject);
  if (objects.length === 0) return listOf(rows);
  const columns = [...new Set(objects.flatMap((row) => Object.keys(row)))];
  return element(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': columns.map(wordsOf).join(', ') },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, wordsOf(column)))),
      ),
      element(
        'tbody',
        {},
        ...objects.map((row) =>
          element('tr', {}, ...columns.map((column) => element('td', {}, valueNode(row[column])))),
        ),
      ),
    ),
  );
}

/** The first text of each row names it, its first number is its length; the number is written beside. */
function barsOf(rows: readonly unknown[]): HTMLElement {
  const bars = rows.filter(isObject).map((row) => {
    const values = Object.values(row);
    return {
      name: String(values.find((one) => typeof one === 'string') ?? ''),
      n: Number(values.find((one) => typeof one === 'number') ?? 0),
    };
  });
  const most = Math.max(1, ...bars.map(({ n }) => n));
  return element(
    'ol',
    { class: 'bars' },
    ...bars.map(({ name, n }) =>
      element(
        'li',
        {},
        element('span', {}, name),
        barOf(Math.max(0, n) / most),
        element('span', { class: 'n' }, numberText(n)),
      ),
    ),
  );
}

/** A style attribute would be a thing of markup, which the page's policy refuses. */
export function barOf(part: number): HTMLElement {
  const bar = element('span', { class: 'bar' });
  bar.style.setProperty('--part', String(part));
  return bar;
}

/** Ids lead to their blocks, keys are shortened; anything else stays text. */
function scalarNode(value: unknown): Node | string {
  if (value === null || value === undefined) return '–';
  if (typeof value !== 'string') return typeof value === 'number' ? numberText(value) : String(value);
  if (/^baf[ky]rei[a-z2-7]{52}$/.test(value)) return blockLink(value);
  return value.startsWith('did:key:') ? authorLink(value) : value;
}

/** `maxBytes` and `max_bytes` as words. */
export function wordsOf(name: string): string {
  return name.replace(/_/g, ' ').replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
