import {
  CosmicError,
  contentOf,
  checkAny,
  formatNamed,
  formatOf,
  inspect,
  type CheckedBlock,
  type SignedBlock,
} from '@cosmicembeddings/sdk';
import { authorLink, blockLink, tagLink } from '../parts/chips.js';
import { checkDetails, checksOf } from '../parts/checks.js';
import { citationsOf, type Cited } from '../parts/cite.js';
import { linkGraph, type Link } from '../parts/link-graph.js';
import { claimedTime } from '../parts/block-card.js';
import { element, factList, type Child } from '../parts/element.js';
import { prose, proseLine, shortened } from '../parts/prose.js';
import type { ShowPage, Place } from '../parts/place.js';
import { addressOf, queryOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { chartOf } from '../parts/sky.js';
import { verdictList } from '../parts/verdicts.js';
import { bytesText, nodesOf, numberText, t, timeText } from '../words/index.js';

const CHART_PX = 320;
/** Passages of a long document that are shown before one asks for more. */
const SOME = 20;

type Passages = ReturnType<typeof contentOf>['passages'];

/** One block: the passage asked for, what was checked, what it is connected to, its sky and its JSON form. */
export const showBlock: ShowPage = async (place, { target: id, search }) => {
  const { client, content, say, network, signal, status } = place;
  say(t('block.fetching'));
  const [view, verdicts] = await Promise.all([client.get(id), client.verdicts(id).catch(() => [])]);
  if (view === undefined) throw new CosmicError('block.not_found', id);
  const checks = checksOf(network);
  const checked = checkAny(view.wire, checks);
  const passages = checked.status === 'checked' ? contentOf(checked, checks.registry).passages : [];
  const asked = Math.min(Math.max(0, passages.length - 1), Number(new URLSearchParams(search).get('row') ?? 0) || 0);
  const first = passages[asked] ?? passages.find((one) => one !== undefined);
  const title = [first?.origin, first?.heading].filter((part) => part !== undefined && part !== '').join(' › ');
  const isNative = formatOf(view.wire)?.name === 'native/2';
  content.replaceChildren(
    element(
      'section',
      { class: 'block' },
      element('h1', { dir: 'auto' }, title === '' ? t('block.title') : title),
      status === undefined ? element('p', { class: 'warn' }, t('block.offline')) : undefined,
      view.erased === undefined
        ? undefined
        : element('p', { class: 'warn' }, t('block.erased', { reason: view.erased })),
      verdictList(verdicts),
      ...passageNodes(passages, asked, id),
      checked.status === 'checked'
        ? element(
            'p',
            { class: 'facts quiet' },
            element('span', {}, ...nodesOf('block.by', { author: authorLink(checked.entry.author) })),
            claimedTime(checked.timeMs),
            ...checked.entry.tags.map((tag) => tagLink(tag, queryOf(''))),
            element('a', { href: addressOf({ ...queryOf(''), like: `${id}.${asked}` }) }, t('hit.like')),
          )
        : undefined,
      checkDetails(inspect(view.wire, checks), id),
      formsOf(id, view, signal),
      checked.status === 'checked'
        ? citationDetails({
            id,
            row: asked,
            author: checked.entry.author,
            timeMs: checked.timeMs,
            title,
            url: location.href,
          })
        : undefined,
      factsOf(id, view, checked),
      element('p', { class: 'printed', dir: 'ltr' }, location.href),
      isNative ? skyDetails(view.wire, signal) : undefined,
      element(
        'details',
        {},
        element('summary', {}, t('block.json', { n: view.wire.length })),
        element(
          'pre',
          { dir: 'ltr' },
          pretty(formatNamed(isNative ? 'native/2' : 'python/1').toJson(view.wire, 'none')),
        ),
      ),
    ),
  );
  say('');
  await showRelated(id, place);
};

/** The one asked for, then its neighbours, then all of them, some at a time. */
function passageNodes(passages: Passages, asked: number, id: string): HTMLElement[] {
  const one = passages[asked];
  const known = passages.filter((passage) => passage !== undefined).length;
  if (known === 0) return [element('p', { class: 'quiet' }, t('block.noText'))];
  const step = (to: number, key: 'block.before' | 'block.after'): Child =>
    passages[to] === undefined
      ? undefined
      : element(
          'a',
          { href: hrefOf('block', id, to === 0 ? '' : `?row=${to}`), rel: to < asked ? 'prev' : 'next' },
          ...(to < asked ? ['‹ ', t(key)] : [t(key), ' ›']),
        );
  const shown = element('blockquote', { dir: 'auto' }, ...(one === undefined ? [t('block.noText')] : prose(one.text)));
  if (passages.length === 1) return [shown];
  const list = element('ol', { class: 'passages' });
  const more = element('button', { type: 'button', class: 'plain more' }, t('more'));
  const fill = (): void => {
    const from = list.childElementCount;
    for (const [i, passage] of passages.slice(from, from + SOME).entries())
      list.append(
        element(
          'li',
          from + i === asked ? { 'aria-current': 'true' } : {},
          element(
            'div',
            { class: 'passage', dir: 'auto' },
            ...(passage === undefined ? [t('block.noText')] : prose(passage.text)),
          ),
        ),
      );
    more.hidden = list.childElementCount >= passages.length;
  };
  more.addEventListener('click', fill);
  fill();
  return [
    shown,
    element(
      'p',
      { class: 'facts quiet' },
      element('span', {}, t('block.passageOf', { at: asked + 1, n: passages.length })),
      step(asked - 1, 'block.before'),
      step(asked + 1, 'block.after'),
    ),
    element('details', {}, element('summary', {}, t('block.all', { n: passages.length })), list, more),
  ];
}

function factsOf(id: string, view: SignedBlock, checked: CheckedBlock | { readonly status: 'rejected' }): HTMLElement {
  const code = (text: string): HTMLElement => element('code', { dir: 'ltr' }, text);
  const facts: (readonly [string, ...Child[]])[] = [[t('block.id'), code(id)]];
  if (checked.status === 'checked') {
    const { entry } = checked;
    facts.push([t('author.title'), element('a', { href: hrefOf('author', entry.author) }, code(entry.author))]);
    facts.push([t('block.kind'), entry.kind]);
    if (entry.descriptor !== undefined)
      facts.push([
        t('block.vectors'),
        t('block.vectorsIn', { n: entry.rows, model: entry.descriptor.model, dims: entry.descriptor.dims }),
      ]);
    for (const ref of [...entry.refs, ...entry.links]) facts.push([ref.rel, blockLink(ref.id)]);
  }
  facts.push([t('block.firstSeen'), t('block.firstSeenAt', { time: timeText(view.firstSeenMs) })]);
  facts.push([t('operator.bytes'), bytesText(view.wire.length)]);
  return factList(facts);
}

/** The bytes as they were signed, and as JSON: of what was checked here. */
function formsOf(id: string, { wire }: SignedBlock, signal: AbortSignal): HTMLElement {
  const isNative = formatOf(wire)?.name === 'native/2';
  const link = (text: string, name: string, type: string, data: () => BlobPart): HTMLElement => {
    const made = element('a', { href: '#', download: name }, text);
    made.addEventListener(
      'click',
      () => {
        const url = URL.createObjectURL(new Blob([data()], { type }));
        made.setAttribute('href', url);
        signal.addEventListener('abort', () => URL.revokeObjectURL(url));
      },
      { once: true },
    );
    return made;
  };
  const json = (): string => formatNamed(isNative ? 'native/2' : 'python/1').toJson(wire, 'none');
  return element(
    'p',
    { class: 'facts quiet' },
    element('span', {}, t('block.save')),
    link('JSON', `${id}.json`, 'application/json', json),
    isNative ? link('CBOR', `${id}.cbor`, 'application/cbor', () => wire.slice().buffer) : undefined,
  );
}

function citationDetails(cited: Cited): HTMLElement {
  const { text, bibtex, csl } = citationsOf(cited);
  const part = (name: string, one: string): HTMLElement[] => [
    element('h3', {}, name),
    element('pre', { dir: 'auto' }, one),
  ];
  return element(
    'details',
    {},
    element('summary', {}, t('block.cite')),
    ...part(t('block.citeText'), text),
    ...part('BibTeX', bibtex),
    ...part('CSL-JSON', csl),
  );
}

/** Drawn when it is opened. */
function skyDetails(wire: Uint8Array, signal: AbortSignal): HTMLElement {
  const details = element('details', { class: 'chart' }, element('summary', {}, t('block.sky')));
  details.addEventListener(
    'toggle',
    () => {
      const chart = chartOf(wire, CHART_PX, signal);
      if (chart !== undefined) details.append(chart, element('p', { class: 'quiet' }, t('footer.stamp')));
    },
    { once: true },
  );
  return details;
}

interface Related {
  readonly related: readonly {
    readonly id: string;
    readonly passage?: string;
    readonly reasons: readonly { readonly reason: string; readonly rel?: string; readonly cosine?: number }[];
  }[];
}

const RELATED_CHARACTERS = 120;

/** What this node finds beside it, with its reasons. */
async function showRelated(id: string, { client, content, signal }: Place): Promise<void> {
  const { related } = (await client.related(id, 8).catch(() => ({ related: [] }))) as Related;
  if (signal.aborted || related.length === 0) return;
  const links = related.flatMap(({ id: other, reasons }) =>
    reasons.flatMap(({ reason, rel }): Link[] =>
      rel === undefined ? [] : [{ id: other, rel, out: reason === 'links_to' }],
    ),
  );
  const at = content.querySelector('.block');
  if (links.length > 0)
    at?.append(
      element('h2', {}, t('block.links')),
      element('p', { class: 'quiet' }, t('block.linksDrawn')),
      element(
        'div',
        { class: 'linked' },
        linkGraph(links) as unknown as HTMLElement,
        element(
          'ul',
          {},
          ...links.map(({ id: other, rel, out }) =>
            element('li', {}, ...nodesOf(saysOf(rel, out), { rel: element('b', {}, rel), id: blockLink(other) })),
          ),
        ),
      ),
    );
  const near = related.filter(({ reasons }) => reasons.some(({ cosine }) => cosine !== undefined));
  if (near.length === 0) return;
  const items = near.map(({ id: other, passage, reasons }) =>
    element(
      'li',
      {},
      passage === undefined
        ? blockLink(other)
        : element(
            'a',
            { href: hrefOf('block', other), dir: 'auto' },
            ...proseLine(shortened(passage, RELATED_CHARACTERS)),
          ),
      element(
        'span',
        { class: 'quiet' },
        ` ${reasons.map(({ reason, rel, cosine }) => rel ?? (cosine === undefined ? reason : `${reason} ${numberText(cosine, 2)}`)).join(', ')}`,
      ),
    ),
  );
  at?.append(element('h2', {}, t('block.related')), element('ul', {}, ...items));
}

/** Versions have words of their own. */
function saysOf(
  rel: string,
  out: boolean,
): 'block.replaces' | 'block.replacedBy' | 'block.linksTo' | 'block.linkedFrom' {
  if (rel === 'supersedes') return out ? 'block.replaces' : 'block.replacedBy';
  return out ? 'block.linksTo' : 'block.linkedFrom';
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
