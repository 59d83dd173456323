import { shortId } from './element.js';
import { ringOf, shape } from './peer-graph.js';
import { hrefOf } from './route.js';

export interface Link {
  readonly id: string;
  readonly rel: string;
  /** Does this block name the other one? */
  readonly out: boolean;
}

export const LINKS_DRAWN = 16;
const SIZE = 420;

/** A block in the middle, those that it names and that name it around it; a line with an arrow at the one that is named. */
export function linkGraph(links: readonly Link[], label: string): SVGElement {
  const drawn = links.slice(0, LINKS_DRAWN);
  const places = ringOf(drawn.length);
  const svg = shape('svg', { viewBox: `-90 -30 ${SIZE + 180} ${SIZE + 60}`, role: 'img', class: 'graph links' });
  svg.setAttribute('aria-label', label);
  const middle = SIZE / 2;
  for (const [i, { out }] of drawn.entries()) {
    const [x, y] = places[i]!;
    const [from, to] = out
      ? [
          [middle, middle],
          [x, y],
        ]
      : [
          [x, y],
          [middle, middle],
        ];
    svg.append(
      shape('line', { x1: `${middle}`, y1: `${middle}`, x2: `${x}`, y2: `${y}`, class: out ? 'edge' : 'edge away' }),
      arrow(from as [number, number], to as [number, number]),
    );
  }
  for (const [i, { id, rel }] of drawn.entries()) {
    const [x, y] = places[i]!;
    // The list below has the same links for the keyboard.
    const link = shape('a', { href: hrefOf('block', id), tabindex: '-1' });
    const text = shape('text', { x: `${x}`, y: `${y + (y > middle ? 26 : -16)}`, class: 'rel' });
    text.textContent = rel;
    const title = shape('title', {});
    title.textContent = `${rel}: ${shortId(id)}`;
    link.append(title, shape('circle', { cx: `${x}`, cy: `${y}`, r: '9', class: 'peer good' }), text);
    svg.append(link);
  }
  svg.append(shape('circle', { cx: `${middle}`, cy: `${middle}`, r: '14', class: 'self' }));
  return svg;
}

function arrow([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): SVGElement {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [tipX, tipY] = [x2 - 18 * ux, y2 - 18 * uy];
  const corner = (side: 1 | -1): string =>
    `${(tipX - 10 * ux - side * 5 * uy).toFixed(1)},${(tipY - 10 * uy + side * 5 * ux).toFixed(1)}`;
  return shape('polygon', {
    points: `${tipX.toFixed(1)},${tipY.toFixed(1)} ${corner(1)} ${corner(-1)}`,
    class: 'tip-of-edge',
  });
}
