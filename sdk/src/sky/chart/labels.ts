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

/** Finds room for names: each tries right, left, above and below its point, and is left out where all are taken. */
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
      for (const side of ['right', 'left', 'above', 'below'] as const) {
        const box = boxOf(at, gap, width, size, side);
        if (!inside(box) || !free(box)) continue;
        taken.push(box);
        if (side === 'right') return { x: box.left, y: box.bottom - 0.22 * size, anchor: 'start' };
        if (side === 'left') return { x: box.right, y: box.bottom - 0.22 * size, anchor: 'end' };
        return { x: at.x, y: box.bottom - 0.22 * size, anchor: 'middle' };
      }
      return undefined;
    },
  };
}

function boxOf(at: Point, gap: number, width: number, size: number, side: 'right' | 'left' | 'above' | 'below'): Box {
  if (side === 'right')
    return { left: at.x + gap, right: at.x + gap + width, top: at.y - size / 2, bottom: at.y + size / 2 };
  if (side === 'left')
    return { left: at.x - gap - width, right: at.x - gap, top: at.y - size / 2, bottom: at.y + size / 2 };
  const top = side === 'above' ? at.y - gap - size : at.y + gap;
  return { left: at.x - width / 2, right: at.x + width / 2, top, bottom: top + size };
}
