import { element } from '../parts/element.js';
import { pixelOf, type Size, type View } from './view.js';

export interface Label {
  readonly text: string;
  /** In the map's units. */
  readonly x: number;
  readonly y: number;
}

export interface Labels {
  readonly node: HTMLElement;
  put(labels: readonly Label[]): void;
  /** The more important first; none over another, none cut off. */
  draw(view: View, size: Size, most: number): void;
}

const GAP = 6;

/** Names of regions over the map: the list beside it says the same to who does not see them. */
export function createLabels(): Labels {
  const node = element('div', { class: 'names', 'aria-hidden': 'true' });
  let shown: { readonly label: Label; readonly span: HTMLElement; width: number; height: number }[] = [];
  return {
    node,
    put: (labels) => {
      shown = labels.map((label) => ({
        label,
        span: element('span', { dir: 'auto' }, label.text),
        width: 0,
        height: 0,
      }));
      node.replaceChildren(...shown.map(({ span }) => span));
      // Measured once: a frame must not ask the browser to lay out.
      for (const one of shown) [one.width, one.height] = [one.span.offsetWidth, one.span.offsetHeight];
    },
    draw: (view, size, most) => {
      const taken: [number, number, number, number][] = [];
      for (const { label, span, width, height } of shown) {
        const [middle, centre] = pixelOf(view, size, label.x, label.y);
        const [left, top] = [Math.round(middle - width / 2), Math.round(centre - height / 2)];
        const [right, bottom] = [left + width, top + height];
        const isFree =
          taken.length < most &&
          left >= 0 &&
          top >= 0 &&
          right <= size.width &&
          bottom <= size.height &&
          taken.every(([l, t, r, b]) => right + GAP < l || left > r + GAP || bottom + GAP < t || top > b + GAP);
        span.hidden = !isFree;
        if (!isFree) continue;
        taken.push([left, top, right, bottom]);
        span.style.transform = `translate(${left}px, ${top}px)`;
      }
    },
  };
}
