import { shortId } from './element.js';
import { shape } from './peer-graph.js';
import { hrefOf } from './route.js';

export interface Link {
  readonly id: string;
  readonly rel: string;
  /** Does this block name the other one? */
  readonly out: boolean;
}

/** Of each side. */
export const LINKS_DRAWN = 8;
const WIDTH = 416;
const STEP = 56;

/** A block in the middle, on its left those that name it, on its right those that it names; arrows point at what is named. */
export function linkGraph(links: readonly Link[]): SVGElement {
  const sides = [false, true].map((out) => links.filter((link) => link.out === out).slice(0, LINKS_DRAWN));
  const height = STEP * Math.max(2, ...sides.map((side) => side.length));
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${height}`, 'aria-hidden': 'true', class: 'graph links' });
  const [middle, centre] = [WIDTH / 2, height / 2];
  for (const [side, drawn] of sides.entries())
    for (const [i, { id, rel, out }] of drawn.entries()) {
      const x = side === 0 ? 70 : WIDTH - 70;
      const y = centre + (i - (drawn.length - 1) / 2) * STEP - 6;
      const ends = out ? ([middle, centre, x, y] as const) : ([x, y, middle, centre] as const);
      // The list beside has the same links for the keyboard, and for who does not see this.
      const link = shape('a', { href: hrefOf('block', id), tabindex: '-1' });
      const text = shape('text', { x: `${x}`, y: `${y + 26}`, class: 'rel' });
      text.textContent = rel;
      const title = shape('title', {});
      title.textContent = `${rel}: ${shortId(id)}`;
      link.append(title, shape('circle', { cx: `${x}`, cy: `${y}`, r: '8', class: 'peer good' }), text);
      svg.append(
        shape('line', { x1: `${middle}`, y1: `${centre}`, x2: `${x}`, y2: `${y}`, class: out ? 'edge' : 'edge away' }),
        arrow(...ends),
        link,
      );
    }
  svg.append(shape('circle', { cx: `${middle}`, cy: `${centre}`, r: '13', class: 'self' }));
  return svg;
}

function arrow(x1: number, y1: number, x2: number, y2: number): SVGElement {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [tipX, tipY] = [x2 - 16 * ux, y2 - 16 * uy];
  const corner = (side: 1 | -1): string =>
    `${(tipX - 10 * ux - side * 5 * uy).toFixed(1)},${(tipY - 10 * uy + side * 5 * ux).toFixed(1)}`;
  return shape('polygon', {
    points: `${tipX.toFixed(1)},${tipY.toFixed(1)} ${corner(1)} ${corner(-1)}`,
    class: 'tip-of-edge',
  });
}
