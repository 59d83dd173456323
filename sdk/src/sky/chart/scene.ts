import type { Observation } from '../observe.js';
import type { LabelPlacer } from './labels.js';
import type { Palette } from './palette.js';
import type { ChartView } from './view.js';

/** What every layer of a drawing needs. Coordinates are units of a 1000 × 1000 square. */
export interface Scene {
  readonly observation: Observation;
  readonly view: ChartView;
  readonly palette: Palette;
  readonly labels: LabelPlacer;
  /** Units that make one pixel at the intended size. */
  readonly pixel: number;
  /** How much is drawn: 0 thumbnail, 1 card, 2 poster. */
  readonly detail: 0 | 1 | 2;
  /** Prefix of element ids, so that several charts can share a page. */
  readonly id: string;
}

export const serif = "'Iowan Old Style','Palatino Linotype',Palatino,'Book Antiqua',Georgia,'Liberation Serif',serif";

/** A line width that stays visible: at least `pixels` pixels, at least `units` units. */
export function stroke(scene: Scene, units: number, pixels = 0.5): number {
  return Math.max(units, pixels * scene.pixel);
}
