import type { Observation } from '../observe.js';
import { placeText } from '../place.js';
import { caption, dateText } from './caption.js';
import { figureLines, grid, labelRing, milkyWay, skyNames, starField } from './heavens.js';
import { labelPlacer } from './labels.js';
import { autoPalette, paletteOf, type Theme } from './palette.js';
import { rim } from './rim.js';
import type { Scene } from './scene.js';
import { element, escaped, short } from './svg.js';
import { viewOf } from './view.js';
import { wanderers } from './wanderers.js';

export interface ChartOptions {
  /** `auto` follows the reader's colour scheme. */
  readonly theme?: Theme;
  /** Width and height; decides how much is drawn. The SVG scales to any size. */
  readonly sizePx?: number;
}

/**
 * The whole sky over a place as a framed chart, or the zodiac without a place: one self-contained SVG element, a function of
 * the observation alone.
 * @throws RangeError for a size that is not within 16 … 20,000
 */
export function skyChart(observation: Observation, options: ChartOptions = {}): string {
  const { theme = 'auto', sizePx = 600 } = options;
  if (!(sizePx >= 16 && sizePx <= 20_000)) throw new RangeError(`sizePx: ${sizePx} is not within 16…20000`);
  const scene = sceneOf(observation, theme, sizePx);
  const { id, palette } = scene;
  const style = theme === 'auto' ? element('style', {}, autoPalette(id, sunAltitudeDeg(observation)).css) : '';
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: '0 0 1000 1000',
      width: String(sizePx),
      height: String(sizePx),
      role: 'img',
      class: id,
      'aria-labelledby': `${id}-title`,
    },
    element(
      'title',
      { id: `${id}-title` },
      escaped(`${observation.label}: the sky at ${dateText(observation.timeMs)}, ${placeText(observation.place)}`),
    ),
    style,
    definitions(scene),
    element('rect', { width: 1000, height: 1000, fill: palette.page }),
    frame(scene),
    sky(scene),
    rim(scene),
    caption(scene),
  );
}

function sceneOf(observation: Observation, theme: Theme, sizePx: number): Scene {
  const detail = sizePx < 320 ? 0 : sizePx < 760 ? 1 : 2;
  const centre = detail === 0 ? { x: 500, y: 451 } : { x: 500, y: 438 };
  const radius = detail === 0 ? 380 : 376;
  const id = `sky-${observation.timeMs.toString(36)}-${placeKey(observation)}-${theme}-${short(sizePx)}`.replace(
    /[^a-z0-9-]/g,
    '_',
  );
  const sun = sunAltitudeDeg(observation);
  const palette = theme === 'auto' ? autoPalette(id, sun).palette : paletteOf(theme, sun);
  const view = viewOf(observation, centre, radius);
  return { observation, view, palette, labels: labelPlacer(centre, radius), pixel: 1000 / sizePx, detail, id };
}

function placeKey({ place }: Observation): string {
  return place === undefined ? 'geo' : `${place.lat.toString(36)}.${place.lon.toString(36)}`;
}

function sunAltitudeDeg(observation: Observation): number | undefined {
  return observation.place === undefined ? undefined : observation.bodies.sun.altitudeE6! / 1e6;
}

function definitions({ id, palette, view, observation }: Scene): string {
  const { x, y } = view.centre;
  const stop = (offset: number, colour: string, opacity?: string | number) =>
    element('stop', { offset, 'stop-color': colour, 'stop-opacity': opacity });
  const sun = observation.bodies.sun;
  const light = view.geocentric ? view.centre : view.at(Math.max(0, sun.altitudeE6! / 1e6), sun.azimuthE6! / 1e6);
  const alongRim = (Math.atan2(light.y - y, light.x - x) * 180) / Math.PI + 90;
  return element(
    'defs',
    {},
    element('clipPath', { id: `${id}-disc` }, element('circle', { cx: x, cy: y, r: view.radius })),
    element(
      'filter',
      { id: `${id}-soft`, x: '-20%', y: '-20%', width: '140%', height: '140%' },
      element('feGaussianBlur', { stdDeviation: 13 }),
    ),
    element(
      'radialGradient',
      { id: `${id}-air`, gradientUnits: 'userSpaceOnUse', cx: x, cy: y, r: view.radius },
      stop(0, palette.zenith),
      stop(0.55, palette.zenith, 0.9),
      stop(1, palette.horizon),
    ),
    element(
      'radialGradient',
      {
        id: `${id}-glow`,
        gradientUnits: 'userSpaceOnUse',
        cx: 0,
        cy: 0,
        r: view.radius,
        gradientTransform: `translate(${short(light.x)} ${short(light.y)}) rotate(${short(alongRim)}) scale(1.5 0.95)`,
      },
      stop(0, palette.glow, 0.95),
      stop(0.28, palette.afterglow, 0.6),
      stop(0.55, palette.blush, 0.28),
      stop(1, palette.blush, 0),
    ),
    element(
      'radialGradient',
      { id: `${id}-star` },
      stop(0.1, '#dfe8ff', 0.34),
      stop(0.45, '#dfe8ff', 0.09),
      stop(1, '#dfe8ff', 0),
    ),
    element(
      'radialGradient',
      { id: `${id}-sun` },
      stop(0, '#fff3c9', 0.85),
      stop(0.35, '#ffe6a3', 0.28),
      stop(1, '#ffe6a3', 0),
    ),
    element('radialGradient', { id: `${id}-moon` }, stop(0.3, '#fbf5e4', 0.38), stop(1, '#fbf5e4', 0)),
  );
}

/** A double hairline, as around an engraved plate. */
function frame({ palette, detail }: Scene): string {
  if (detail === 0) return '';
  const line = (inset: number, width: number) =>
    element('rect', {
      x: inset,
      y: inset,
      width: 1000 - 2 * inset,
      height: 1000 - 2 * inset,
      fill: 'none',
      stroke: palette.gold,
      'stroke-width': width,
    });
  return element('g', { opacity: 0.75 }, line(16, 1.6), line(22, 0.6));
}

function sky(scene: Scene): string {
  const { id, view, palette } = scene;
  const { x, y } = view.centre;
  const disc = { cx: x, cy: y, r: view.radius };
  // Names find room in this order: bodies, the label's star, other stars, figures.
  const stars = starField(scene);
  const bodies = wanderers(scene);
  return element(
    'g',
    { 'clip-path': `url(#${id}-disc)` },
    element('circle', { ...disc, fill: palette.horizon }),
    element('circle', { ...disc, fill: `url(#${id}-air)` }),
    element('circle', { ...disc, fill: `url(#${id}-glow)`, opacity: palette.glowOpacity }),
    milkyWay(scene),
    grid(scene),
    figureLines(scene),
    stars,
    labelRing(scene),
    skyNames(scene),
    bodies,
  );
}
