import { bodyNames, DEG, type BodyName } from '../constants.js';
import type { Observation } from '../observe.js';
import { figures } from './backdrop.js';
import { directionOf, viewOf, type Point, type ChartView } from './view.js';

export interface TextChartOptions {
  /** Columns, 21 … 200; half as many rows. */
  readonly columns?: number;
}

/** What stands for each body; the legend of the same order is `textChartLegend`. */
const signs: Readonly<Record<BodyName, string>> = {
  sun: '☉',
  moon: '☾',
  mercury: '☿',
  venus: '♀',
  mars: '♂',
  jupiter: '♃',
  saturn: '♄',
  uranus: '♅',
  neptune: '♆',
};

export const textChartLegend =
  'zenith (or the ecliptic’s pole) in the middle, east on the left · ✦ ★ * + stars, brightest first · ⊙ the label’s star';

/**
 * A small all-sky chart for a terminal: one line of text a row, no colour codes. Characters are taken to be twice as high as
 * wide.
 * @throws RangeError for columns out of range
 */
export function textChart(observation: Observation, options: TextChartOptions = {}): string {
  const { columns = 61 } = options;
  if (!Number.isInteger(columns) || columns < 21 || columns > 200)
    throw new RangeError(`columns: ${columns} is not within 21…200`);
  const rows = Math.floor(columns / 2) | 1;
  const canvas = Array.from({ length: rows }, () => Array<string>(columns).fill(' '));
  const view = viewOf(observation, { x: 0, y: 0 }, 1);
  const draw = (at: Point | undefined, sign: string): void => {
    if (at === undefined) return;
    const column = Math.round(((at.x + 1) / 2) * (columns - 1));
    const row = Math.round(((at.y + 1) / 2) * (rows - 1));
    if (canvas[row]?.[column] !== undefined) canvas[row]![column] = sign;
  };
  drawRim(view, columns, draw);
  drawFigures(view, draw);
  for (const star of [...observation.stars].reverse())
    draw(view.project(directionOf(star)), star.name === observation.labelOf ? '⊙' : starSign(star.magnitudeE2));
  for (const body of [...bodyNames].reverse()) draw(view.project(directionOf(observation.bodies[body])), signs[body]);
  return canvas.map((row) => row.join('').trimEnd()).join('\n');
}

function starSign(magnitudeE2: number): string {
  return magnitudeE2 < 50 ? '✦' : magnitudeE2 < 160 ? '★' : magnitudeE2 < 260 ? '*' : '+';
}

function drawRim(view: ChartView, columns: number, draw: (at: Point, sign: string) => void): void {
  for (let i = 0; i < 6 * columns; i++) {
    const angle = (i / (6 * columns)) * 360 * DEG;
    draw({ x: Math.cos(angle), y: Math.sin(angle) }, '·');
  }
  const letters = view.geocentric ? (['♋', '♎', '♑', '♈'] as const) : (['N', 'E', 'S', 'W'] as const);
  draw({ x: 0, y: -1 }, letters[0]);
  draw({ x: -1, y: 0 }, letters[1]);
  draw({ x: 0, y: 1 }, letters[2]);
  draw({ x: 1, y: 0 }, letters[3]);
}

/** The corners of the figures, as dots: lines would fill so few cells. */
function drawFigures(view: ChartView, draw: (at: Point | undefined, sign: string) => void): void {
  for (const figure of figures())
    for (const line of figure.lines) for (const point of line) draw(view.project(view.ofDate(point)), '.');
}
