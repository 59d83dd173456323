import type { PeerStatus } from '@cosmicembeddings/sdk';
import { t } from '../words/index.js';

export const DRAWN_MAX = 200;
const SIZE = 420;
/** So many have their names beside them; of more the table says them. */
const NAMED_MAX = 8;
const MARGIN = 30;

/** Where each of `n` stands around the middle, in two rings where there are many. */
export function ringOf(n: number): readonly (readonly [x: number, y: number])[] {
  return Array.from({ length: n }, (_, i) => {
    const radius = n > 24 && i % 2 === 1 ? 0.6 : 0.86;
    const angle = (2 * Math.PI * i) / n - Math.PI / 2;
    const at = (unit: number): number => Math.round(10 * (SIZE / 2) * (1 + radius * unit)) / 10;
    return [at(Math.cos(angle)), at(Math.sin(angle))];
  });
}

/** This node in the middle, its peers around it: a line for a connection, a ring where something is still to come, a cross where none stands. */
export function peerGraph(peers: readonly PeerStatus[]): SVGElement {
  const drawn = peers.slice(0, DRAWN_MAX);
  const places = ringOf(drawn.length);
  const middle = SIZE / 2;
  // As high as what is drawn: one or two peers leave no void.
  const heights = [middle, ...places.map(([, y]) => y)];
  const top = Math.min(...heights) - MARGIN;
  const height = Math.max(...heights) + MARGIN - top;
  const svg = shape('svg', {
    viewBox: `${-2 * MARGIN} ${top} ${SIZE + 4 * MARGIN} ${height}`,
    role: 'img',
    class: 'graph',
  });
  svg.setAttribute('aria-label', t('network.graph'));
  const name = (text: string, x: number, y: number): void => {
    const made = shape('text', { x: String(x), y: String(y), class: 'name' });
    made.textContent = text;
    svg.append(made);
  };
  for (const [i, peer] of drawn.entries()) {
    const [x, y] = places[i]!;
    const up = peer.state === 'connected';
    const to = { x1: String(middle), y1: String(middle), x2: String(x), y2: String(y) };
    svg.append(shape('line', { ...to, class: up ? 'edge' : 'edge away' }));
  }
  for (const [i, peer] of drawn.entries()) {
    const [x, y] = places[i]!;
    const state = peer.state !== 'connected' ? 'away' : (peer.behind ?? 0) > 0 ? 'behind' : 'good';
    const dot = shape('circle', {
      cx: String(x),
      cy: String(y),
      r: drawn.length > 40 ? '5' : '9',
      class: `peer ${state}`,
    });
    const title = shape('title', {});
    title.textContent = peer.address;
    dot.append(title);
    svg.append(dot);
    if (drawn.length <= NAMED_MAX) name(hostOf(peer.address), x, y < middle ? y - 15 : y + 24);
  }
  svg.append(shape('circle', { cx: String(middle), cy: String(middle), r: '14', class: 'self' }));
  if (drawn.length <= NAMED_MAX) name(t('network.self'), middle, middle + 28);
  return svg;
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

export function shape(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
