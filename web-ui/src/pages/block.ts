import {
  CosmicError,
  contentOf,
  checkAny,
  formatNamed,
  formatOf,
  inspect,
  type Inspection,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { tierMeaning, whatAStampProves } from '@cosmicembeddings/sdk/sky';
import { element, timeText } from '../parts/element.js';
import { prose } from '../parts/prose.js';
import { chartOf } from '../parts/sky.js';
import { verdictList } from '../parts/verdicts.js';
import { checksOf, type Place } from './search.js';

/** One block: what it says, every check, its sky and its JSON form. */
export async function showBlock(
  id: string,
  network: string,
  client: NodeClient,
  { content, say }: Place,
): Promise<void> {
  say('fetching the block …');
  const [view, verdicts] = await Promise.all([client.get(id), client.verdicts(id).catch(() => [])]);
  if (view === undefined) throw new CosmicError('block.not_found', id);
  const checks = checksOf(network);
  const verdict = inspect(view.wire, checks);
  const checked = checkAny(view.wire, checks);
  const native = formatOf(view.wire)?.name === 'native/2';
  const chart = native ? chartOf(view.wire, 900) : undefined;
  const passages = checked.status === 'checked' ? contentOf(checked, checks.registry).passages : [];
  const facts: (Node | string)[] = [];
  const fact = (name: string, ...value: (Node | string)[]): void =>
    void facts.push(element('dt', {}, name), element('dd', {}, ...value));
  if (checked.status === 'checked') {
    fact('author', checked.entry.author);
    fact('kind', checked.entry.kind);
    fact(
      'time',
      `${timeText(checked.timeMs)} `,
      element('span', { class: 'tier', title: tierMeaning.claimed }, 'claimed'),
    );
    if (checked.entry.tags.length > 0) fact('tags', checked.entry.tags.join(', '));
    if (checked.entry.descriptor !== undefined)
      fact(
        'vectors',
        `${checked.entry.rows} in ${checked.entry.descriptor.model}, ${checked.entry.descriptor.dims} dimensions`,
      );
    for (const ref of [...checked.entry.refs, ...checked.entry.links])
      fact(ref.rel, element('a', { class: 'id', href: `#block=${ref.id}` }, ref.id));
  }
  fact('first seen here', `${timeText(view.firstSeenMs)} (this node’s own clock)`);
  content.replaceChildren(
    element(
      'section',
      { class: 'block' },
      element('h1', {}, id),
      verdictList(verdicts),
      ...checkLines(verdict, id),
      element('dl', {}, ...facts),
      chart === undefined ? undefined : element('div', { class: 'chart' }, chart as unknown as Node),
      chart === undefined ? undefined : element('p', { class: 'quiet' }, whatAStampProves),
      ...passages.flatMap((passage) =>
        passage === undefined ? [] : [element('article', {}, element('p', {}, ...prose(passage.text)))],
      ),
      element(
        'details',
        {},
        element('summary', {}, `JSON form, ${view.wire.length.toLocaleString('en')} bytes signed`),
        element('pre', {}, pretty(formatNamed(native ? 'native/2' : 'python/1').toJson(view.wire, 'none'))),
      ),
    ),
  );
  say('');
}

function checkLines(verdict: Inspection, id: string): HTMLElement[] {
  const same = verdict.id === id;
  const line = (good: boolean, text: string): HTMLElement =>
    element('p', { class: `mark ${good ? 'good' : 'bad'}` }, `${good ? '✓' : '✗'} ${text}`);
  return [
    ...(verdict.valid
      ? [line(same, same ? 'the bytes are those of this id' : `the node gave another block: ${verdict.id ?? ''}`)]
      : []),
    ...verdict.checks.map((finding) =>
      finding.note === true
        ? element('p', { class: 'mark' }, `· ${finding.name}: ${finding.detail ?? ''}`)
        : line(
            finding.ok,
            finding.ok ? words[finding.name] : `${finding.name}: ${finding.code ?? ''} ${finding.detail ?? ''}`,
          ),
    ),
  ];
}

const words = {
  form: 'well-formed',
  body: 'the body is the one that was signed',
  kind: 'fits the schema of its kind',
  signature: 'signed by the author shown',
  sky: 'sky consistent with the claimed time and place',
  rows: 'its vectors can be searched',
} as const;

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
