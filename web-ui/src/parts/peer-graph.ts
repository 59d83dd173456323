import type { PeerStatus } from '@cosmicembeddings/sdk';
import { t } from '../words/index.js';

export const DRAWN_MAX = 200;
const SIZE = 420;

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
  const svg = shape('svg', { viewBox: `-10 -10 ${SIZE + 20} ${SIZE + 20}`, role: 'img', class: 'graph' });
  svg.setAttribute('aria-label', t('network.graph'));
  const middle = SIZE / 2;
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
  }
  svg.append(shape('circle', { cx: String(middle), cy: String(middle), r: '14', class: 'self' }));
  return svg;
}

export function shape(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
