import type { Point } from './view.js';

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
}

/** Finds room for names: each tries eight places around its point and is left out where all are taken. */
export interface LabelPlacer {
  /** Keeps names off a disc. */
  block(at: Point, radius: number): void;
  place(at: Point, gap: number, text: string, size: number): PlacedLabel | undefined;
}

/** Average width of a letter of our serif faces, in ems. */
const letterEm = 0.5;

export function labelPlacer(centre: Point, radius: number): LabelPlacer {
  const taken: Box[] = [];
  const inside = ({ left, top, right, bottom }: Box) =>
    [
      [left, top],
      [left, bottom],
      [right, top],
      [right, bottom],
    ].every(([x, y]) => Math.hypot(x! - centre.x, y! - centre.y) < radius - 4);
  const free = (box: Box) =>
    taken.every(
      (other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
    );
  return {
    block(at, r) {
      taken.push({ left: at.x - r, right: at.x + r, top: at.y - r, bottom: at.y + r });
    },
    place(at, gap, text, size) {
      const width = letterEm * size * text.length;
      for (const side of sides) {
        const box = boxOf(at, gap, width, size, side);
        if (!inside(box) || !free(box)) continue;
        taken.push(box);
        const y = box.bottom - 0.22 * size;
        if (side[0] > 0) return { x: box.left, y, anchor: 'start' };
        return side[0] < 0 ? { x: box.right, y, anchor: 'end' } : { x: at.x, y, anchor: 'middle' };
      }
      return undefined;
    },
  };
}

/** Where a name is tried, relative to its point: right, left, above, below, then the corners. */
const sides: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 1],
  [-1, -1],
  [-1, 1],
];

function boxOf(at: Point, gap: number, width: number, size: number, [across, down]: readonly [number, number]): Box {
  const away = across !== 0 && down !== 0 ? 0.72 * gap : gap;
  const left = across > 0 ? at.x + away : across < 0 ? at.x - away - width : at.x - width / 2;
  const top = down > 0 ? at.y + away : down < 0 ? at.y - away - size : at.y - size / 2;
  return { left, right: left + width, top, bottom: top + size };
}
