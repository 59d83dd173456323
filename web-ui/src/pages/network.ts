import type { PeerStatus } from '@cosmicembeddings/sdk';
import { coverageText } from '@cosmicembeddings/sdk/filter';
import type { BannedPeer } from '@cosmicembeddings/sdk/api';
import { authorLink } from '../parts/chips.js';
import { element, table, type Child } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import { DRAWN_MAX, peerGraph } from '../parts/peer-graph.js';
import type { ShowPage } from '../parts/place.js';
import { bytesText, clockText, numberText, t, timeText } from '../words/index.js';
import { rest } from './live.js';

const AGAIN_MS = 5000;

/** Who this node speaks with, how far behind, known how. It follows while it is looked at. */
export const showNetwork: ShowPage = async ({ client, content, say, signal }) => {
  const body = element('div', {});
  const asOf = element('p', { class: 'quiet' });
  content.replaceChildren(
    element(
      'section',
      { class: 'page' },
      element('h1', {}, t('nav.network')),
      element('p', { class: 'quiet' }, t('network.intro')),
      body,
      asOf,
    ),
  );
  say('');
  let shown = '';
  while (!signal.aborted) {
    try {
      const [peers, banned] = await Promise.all([client.peers(), client.banned()]);
      if (signal.aborted) return;
      const now = JSON.stringify([peers, banned]);
      // What did not change stays: focus and selection, too.
      if (now !== shown && !body.contains(document.activeElement)) {
        body.replaceChildren(...networkNodes(peers, banned));
        shown = now;
      }
      asOf.textContent = t('network.asOf', { time: clockText(Date.now()) });
      say('');
    } catch (error) {
      if (shown === '') throw error;
      say(explain(error));
    }
    await rest(AGAIN_MS, signal);
  }
};

function networkNodes(peers: readonly PeerStatus[], banned: readonly BannedPeer[]): HTMLElement[] {
  if (peers.length === 0 && banned.length === 0) return [element('p', { class: 'warn' }, t('network.none'))];
  return [
    ...(peers.length === 0
      ? [element('p', { class: 'warn' }, t('network.none'))]
      : [
          element('div', { class: 'drawn' }, peerGraph(peers) as unknown as Node),
          ...(peers.length > DRAWN_MAX
            ? [element('p', { class: 'quiet' }, t('network.truncated', { n: DRAWN_MAX }))]
            : []),
          peerTable(peers),
        ]),
    ...(banned.length === 0
      ? []
      : [
          element('h2', {}, t('network.banned')),
          table(
            t('network.banned'),
            [t('network.identity'), t('network.banned'), t('network.why')],
            banned.map(({ name, untilMs, why }) => [
              name.startsWith('did:') ? authorLink(name) : name,
              t('network.until', { time: timeText(untilMs) }),
              why,
            ]),
          ),
        ]),
  ];
}

export function peerTable(peers: readonly PeerStatus[], last?: (peer: PeerStatus) => Child): HTMLElement {
  const rows = peers.map((peer) => [
    [
      element('bdi', { class: 'address' }, peer.address),
      element('span', { class: 'quiet' }, ` ${t(peer.configured ? 'network.configured' : 'network.found')}`),
    ],
    peer.node === undefined
      ? t('network.nobody')
      : [authorLink(peer.node), ` ${t(peer.proven === true ? 'network.proven' : 'network.claimed')}`],
    t(`network.${peer.state}`),
    peer.state !== 'connected'
      ? '–'
      : (peer.behind ?? 0) > 0
        ? t('n.blocks', { n: peer.behind! })
        : t('network.inStep'),
    `${numberText(peer.received)} · ${numberText(peer.sent)}`,
    `${bytesText(peer.bytesIn ?? 0)} · ${bytesText(peer.bytesOut ?? 0)}`,
    peer.latencyMs === undefined ? '–' : t('n.ms', { n: Math.round(peer.latencyMs) }),
    peer.reconciledMs === undefined ? t('network.never') : timeText(peer.reconciledMs),
    [
      peer.score === undefined ? '–' : numberText(Math.round(peer.score)),
      ...(peer.why === undefined ? [] : [` ${peer.why}`]),
    ],
    peer.state !== 'connected'
      ? '–'
      : peer.coverage === undefined
        ? t('network.everything')
        : coverageText(peer.coverage),
    peer.lastError ?? '–',
    ...(last === undefined ? [] : [last(peer)]),
  ]);
  const columns = [
    t('network.peer'),
    t('network.identity'),
    t('network.state'),
    t('network.behind'),
    t('network.blocks'),
    t('network.bytes'),
    t('network.latency'),
    t('network.compared'),
    t('network.score'),
    t('network.keeps'),
    t('network.fault'),
    ...(last === undefined ? [] : [t('operator.remove')]),
  ];
  return table(t('operator.peers'), columns, rows);
}
