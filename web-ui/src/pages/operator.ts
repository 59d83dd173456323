import type { NodeStatus, PeerStatus } from '@cosmicembeddings/sdk';
import { CosmicError } from '@cosmicembeddings/sdk';
import { createClient, type NodeClient, type Operating } from '@cosmicembeddings/sdk/api';
import { wordsOf } from '../parts/answer.js';
import { element, factList, table, type Child } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import type { ShowPage, Place } from '../parts/place.js';
import { bytesText, clockText, numberText, t, timeText, type Key } from '../words/index.js';
import { peerTable } from './network.js';
import { rest } from './live.js';

const TOKEN = 'operator-token';
const AGAIN_MS = 5000;

/** How the node is doing, for who has its token. The token stays in this tab's session. */
export const showOperator: ShowPage = async (place) => {
  const token = sessionStorage.getItem(TOKEN);
  if (token === null) return askToken(place, '');
  const client = createClient({ url: place.client.url, token });
  try {
    await follow(client, place);
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code !== 'request.unauthorised') throw error;
    sessionStorage.removeItem(TOKEN);
    askToken(place, t('operator.wrong'));
  }
};

function askToken(place: Place, fault: string): void {
  const input = element('input', { type: 'password', name: 'token', autocomplete: 'off', required: '', dir: 'ltr' });
  const form = element(
    'form',
    { class: 'schema' },
    element('label', {}, element('span', {}, t('operator.token')), input),
    element('p', { class: 'quiet' }, t('operator.tokenMeans')),
    element('button', { type: 'submit' }, t('operator.enter')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, input.value.trim());
    void Promise.resolve(showOperator(place, { page: 'operator', target: '', search: '' })).catch((error: unknown) =>
      place.say(explain(error)),
    );
  });
  place.content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, t('nav.operator')),
      fault === '' ? undefined : element('p', { class: 'warn', role: 'alert' }, fault),
      form,
    ),
  );
  place.say('');
}

/** Everything again every few seconds, as long as nobody writes in it. */
async function follow(client: NodeClient, { content, say, signal }: Place): Promise<void> {
  const body = element('div', {});
  const asOf = element('p', { class: 'quiet' });
  const leave = element('button', { type: 'button', class: 'plain' }, t('operator.leave'));
  leave.addEventListener('click', () => {
    sessionStorage.removeItem(TOKEN);
    location.hash = '#/';
  });
  const section = element('section', { class: 'page' }, element('h1', {}, t('nav.operator')), asOf, body, leave);
  const act = (doing: () => Promise<unknown>): void =>
    void doing().then(
      () => void refresh(true).catch(() => undefined),
      (error: unknown) => say(explain(error)),
    );
  const refresh = async (force = false): Promise<void> => {
    const [status, operating, peers] = await Promise.all([client.status(), client.operating(), client.peers()]);
    if (signal.aborted) return;
    if (!section.isConnected) content.replaceChildren(section);
    if (force || !body.contains(document.activeElement))
      body.replaceChildren(...parts(status, operating, peers, client, act));
    asOf.textContent = t('network.asOf', { time: clockText(Date.now()) });
    say('');
  };
  await refresh();
  while (!signal.aborted) {
    await rest(AGAIN_MS, signal);
    if (signal.aborted) return;
    await refresh().catch((error: unknown) => {
      if (!signal.aborted) say(explain(error));
    });
  }
}

function parts(
  { followers, notes, engines, startedAtMs, version, node }: NodeStatus,
  { disk, accepted, refused, inFlight, settings }: Operating,
  peers: readonly PeerStatus[],
  client: NodeClient,
  act: (doing: () => Promise<unknown>) => void,
): HTMLElement[] {
  const part = (name: Key, ...children: Child[]): HTMLElement =>
    element('section', { class: 'part' }, element('h2', {}, t(name)), ...children);
  const behind = followers.some(({ lag }) => lag > 0);
  const sorted = (counts: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return [
    element('p', { class: behind ? 'warn' : '' }, t(behind ? 'operator.behind' : 'operator.inStep')),
    ...(notes.length === 0
      ? []
      : [part('operator.notes', element('ul', { class: 'warn' }, ...notes.map((note) => element('li', {}, note))))]),
    element(
      'div',
      { class: 'parts' },
      part(
        'operator.followers',
        table(
          t('operator.followers'),
          [t('operator.follower'), t('operator.lag')],
          followers.map(({ name, lag }) => [
            name,
            lag > 0 ? element('b', { class: 'warn' }, numberText(lag)) : numberText(0),
          ]),
        ),
      ),
      part(
        'operator.door',
        factList([
          ...sorted(accepted).map(([status, n]) => [status, numberText(n)] as const),
          [t('operator.inFlight'), `${t('n.blocks', { n: inFlight.blocks })} · ${bytesText(inFlight.bytes)}`],
        ]),
        element('h3', {}, t('operator.refused')),
        Object.keys(refused).length === 0
          ? element('p', { class: 'quiet' }, t('operator.noRefusals'))
          : table(
              t('operator.refused'),
              [t('operator.outcome'), t('operator.count')],
              sorted(refused).map(([code, n]) => [element('code', { dir: 'ltr' }, code), numberText(n)]),
            ),
      ),
      part(
        'operator.disk',
        element('p', {}, t('operator.free', { n: bytesText(disk.free) })),
        table(
          t('operator.disk'),
          [t('operator.part'), t('operator.bytes')],
          sorted(disk.used).map(([name, bytes]) => [name, bytesText(bytes)]),
        ),
      ),
      part(
        'operator.policy',
        table(
          t('operator.policy'),
          [t('operator.setting'), t('operator.value')],
          Object.entries(settings).flatMap(([name, value]) => settingRows(name, value)),
        ),
      ),
      part(
        'operator.engines',
        factList([
          ['node', element('code', { dir: 'ltr' }, node)],
          ['version', version],
          [t('operator.started'), timeText(startedAtMs)],
          ...Object.entries(engines),
        ]),
      ),
    ),
    part(
      'operator.peers',
      peers.length === 0
        ? element('p', { class: 'warn' }, t('network.none'))
        : peerTable(peers, (peer) => (peer.configured ? removeButton(peer, client, act) : '–')),
      addPeerForm(client, act),
    ),
  ];
}

const DAY_MS = 86_400_000;

/** A group of settings is a row each; what is empty is not set. */
function settingRows(name: string, value: unknown): (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [[wordsOf(name), settingText(name, value)]];
  if (Array.isArray(value)) return [[wordsOf(name), value.length === 0 ? t('none') : value.join(', ')]];
  const { blocks, bytes, perMs } = value as Readonly<Record<string, unknown>>;
  if (typeof perMs === 'number')
    return [
      [
        wordsOf(name),
        [
          ...(typeof blocks === 'number' ? [t('n.blocks', { n: blocks })] : []),
          ...(typeof bytes === 'number' ? [bytesText(bytes)] : []),
          spanText(perMs),
        ].join(' · '),
      ],
    ];
  const rows = Object.entries(value).flatMap(([key, one]) => settingRows(`${name} › ${key}`, one));
  return rows.length === 0 ? [[wordsOf(name), t('none')]] : rows;
}

function settingText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (typeof value !== 'number') return String(value);
  if (/bytes$/i.test(name)) return bytesText(value);
  return /ms$/i.test(name) ? spanText(value) : numberText(value);
}

function spanText(ms: number): string {
  return ms % DAY_MS === 0 ? t('n.days', { n: ms / DAY_MS }) : t('n.seconds', { n: ms / 1000 });
}

function removeButton(peer: PeerStatus, client: NodeClient, act: (doing: () => Promise<unknown>) => void): HTMLElement {
  const label = `${t('operator.remove')} ${peer.address}`;
  const button = element('button', { type: 'button', class: 'plain', 'aria-label': label }, t('operator.remove'));
  button.addEventListener('click', () => act(() => client.removePeer(peer.address)));
  return button;
}

function addPeerForm(client: NodeClient, act: (doing: () => Promise<unknown>) => void): HTMLElement {
  const input = element('input', { type: 'url', name: 'peer', required: '', autocomplete: 'off', dir: 'ltr' });
  const form = element(
    'form',
    { class: 'fields' },
    element('label', {}, element('span', {}, t('operator.addPeer')), input),
    element('button', { type: 'submit', class: 'plain' }, t('operator.add')),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(() => client.addPeer(input.value.trim()));
  });
  return form;
}
