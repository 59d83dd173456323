import { figureDigits, starDigits } from './background.js';
import { vectorOf, type Vector } from './sphere.js';

export interface BackdropStar {
  /** J2000. */
  readonly direction: Vector;
  readonly magnitude: number;
  /** 0 blue … 9 red. */
  readonly colour: number;
}

export interface Figure {
  /** IAU abbreviation. */
  readonly name: string;
  readonly middle: Vector;
  readonly lines: readonly (readonly Vector[])[];
}

/** Stars down to a magnitude, brightest first. */
export function* backdropStars(magnitudeMax: number): Generator<BackdropStar> {
  for (let at = 0; at < starDigits.length; at += 8) {
    const magnitude = (parseInt(starDigits[at + 6]!, 36) / 35) * 6 - 1.5;
    if (magnitude > magnitudeMax) return;
    yield { direction: point(starDigits, at), magnitude, colour: Number(starDigits[at + 7]) };
  }
}

export function* figures(): Generator<Figure> {
  for (const digits of figureDigits) {
    const [name, middle, ...lines] = digits.split(' ') as [string, string, ...string[]];
    yield {
      name,
      middle: point(middle, 0),
      lines: lines.map((line) => Array.from({ length: line.length / 6 }, (_, i) => point(line, 6 * i))),
    };
  }
}

function point(digits: string, at: number): Vector {
  return vectorOf(parseInt(digits.slice(at, at + 3), 36) / 100, parseInt(digits.slice(at + 3, at + 6), 36) / 100 - 90);
}
