import { constellationName } from '../ephemeris/constellation.js';
import { backdropStars, figures } from './backdrop.js';
import { serif, stroke, type Scene } from './scene.js';
import { ofEcliptic, ofGalactic, type Vector } from './sphere.js';
import { element, escaped, pathThrough } from './svg.js';
import { directionOf, type Point } from './view.js';

const starColours = [
  '#b9ccff',
  '#c9d8ff',
  '#e1e8ff',
  '#f4f5ff',
  '#fffaf2',
  '#fff2dd',
  '#ffe8c4',
  '#ffdba8',
  '#ffcd90',
  '#ffbd7c',
];
const magnitudeLimits = [3.4, 4.1, 4.5] as const;

/** The Milky Way as a soft band along the galactic equator, wide and bright towards Sagittarius: an impression, not a measurement. */
export function milkyWay(scene: Scene): string {
  const { view, palette, id } = scene;
  const blobs: string[] = [];
  for (let lon = 0; lon < 360; lon += 6) {
    const centreward = (1 + Math.cos((lon * Math.PI) / 180)) / 2;
    const wobble = 1.6 * Math.sin((lon * Math.PI) / 47);
    const at = view.projectWide(view.ofDate(ofGalactic(lon, wobble)));
    if (at === undefined) continue;
    const stretch = 1 + (Math.hypot(at.x - view.centre.x, at.y - view.centre.y) / view.radius) ** 2;
    const size = (view.radius / 400) * stretch;
    blobs.push(
      element('circle', {
        cx: at.x,
        cy: at.y,
        r: (17 + 15 * centreward) * size,
        'fill-opacity': 0.05 + 0.05 * centreward,
      }),
    );
    blobs.push(
      element('circle', {
        cx: at.x,
        cy: at.y,
        r: (8 + 8 * centreward) * size,
        'fill-opacity': 0.06 + 0.08 * centreward,
      }),
    );
  }
  return element('g', { fill: '#dfe6ff', opacity: palette.milkyOpacity, filter: `url(#${id}-soft)` }, ...blobs);
}

/** Circles of altitude with the lines through the zenith, the ecliptic and the celestial equator. */
export function grid(scene: Scene): string {
  const { view, detail } = scene;
  const parts: string[] = [];
  const ring = (direction: (degrees: number) => Vector) =>
    pathThrough(Array.from({ length: 181 }, (_, i) => view.projectWide(direction(2 * i))));
  if (detail > 0) {
    const hair = { fill: 'none', stroke: '#ffffff', 'stroke-opacity': 0.13, 'stroke-width': stroke(scene, 0.6, 0.4) };
    for (const lat of [60, 30]) {
      const edge = view.at(lat, 0);
      parts.push(
        element('circle', {
          cx: view.centre.x,
          cy: view.centre.y,
          r: Math.hypot(edge.x - view.centre.x, edge.y - view.centre.y),
          ...hair,
        }),
      );
    }
    const equator = ring((degrees) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180), 0]);
    parts.push(
      element('path', {
        d: equator,
        ...hair,
        'stroke-opacity': 0.2,
        'stroke-dasharray': '1 5',
        'stroke-linecap': 'round',
      }),
    );
  }
  const ecliptic = ring((degrees) => ofEcliptic(degrees, 0));
  parts.push(
    element('path', {
      d: ecliptic,
      fill: 'none',
      stroke: '#e6c37a',
      'stroke-opacity': 0.55,
      'stroke-width': stroke(scene, 0.9, 0.6),
      'stroke-dasharray': detail === 0 ? '16 12' : '7 5',
    }),
  );
  return parts.join('');
}

/** Lines of the best-known figures, stopping short of their stars. */
export function figureLines(scene: Scene): string {
  const { view, palette } = scene;
  const gap = Math.max(4.5, 1.2 * scene.pixel);
  let d = '';
  for (const figure of figures())
    for (const line of figure.lines) {
      const points = line.map((point) => view.projectWide(view.ofDate(point)));
      for (let i = 1; i < points.length; i++) d += shortened(points[i - 1], points[i], gap);
    }
  const paint = {
    fill: 'none',
    stroke: '#bfd0ff',
    'stroke-opacity': palette.lineOpacity,
    'stroke-width': stroke(scene, 0.9, 0.5),
  };
  return element('path', { d, ...paint, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
}

function shortened(from: Point | undefined, to: Point | undefined, gap: number): string {
  if (from === undefined || to === undefined) return '';
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length < 3 * gap) return pathThrough([from, to]);
  const [dx, dy] = [((to.x - from.x) * gap) / length, ((to.y - from.y) * gap) / length];
  return pathThrough([
    { x: from.x + dx, y: from.y + dy },
    { x: to.x - dx, y: to.y - dy },
  ]);
}

export function starField(scene: Scene): string {
  const { view, palette, detail, labels, id } = scene;
  const byColour = new Map<number, string[]>();
  const halos: string[] = [];
  for (const star of backdropStars(magnitudeLimits[detail])) {
    const at = view.project(view.ofDate(star.direction));
    if (at === undefined) continue;
    const r = starRadius(scene, star.magnitude);
    if (star.magnitude < 2.6) labels.block(at, r + 1);
    if (star.magnitude < 1.7) halos.push(element('circle', { cx: at.x, cy: at.y, r: 4.2 * r }));
    if (!byColour.has(star.colour)) byColour.set(star.colour, []);
    byColour.get(star.colour)!.push(element('circle', { cx: at.x, cy: at.y, r }));
  }
  const groups = [...byColour].map(([colour, circles]) => element('g', { fill: starColours[colour]! }, ...circles));
  return element(
    'g',
    { opacity: palette.starOpacity },
    element('g', { fill: `url(#${id}-star)` }, ...halos),
    ...groups,
  );
}

/** Area grows with brightness, less steeply than light does; at small sizes all are larger and the faintest are left out. */
function starRadius({ detail, pixel }: Scene, magnitude: number): number {
  return 0.9 * Math.max(1, 0.46 * pixel) * 10 ** (0.168 * (magnitudeLimits[detail] - magnitude));
}

/** Names of the brightest stars and of the figures, as far as there is room; by day only the label's star has one. */
export function skyNames(scene: Scene): string {
  const { view, palette, labels, detail, pixel, observation } = scene;
  if (detail === 0) return '';
  const size = Math.max(11.5, 9.5 * pixel);
  const limitE2 = observation.twilight === 'day' ? -200 : detail === 1 ? 60 : view.geocentric ? 130 : 210;
  const parts: string[] = [];
  for (const star of observation.stars.filter(
    (seen) => seen.magnitudeE2 <= limitE2 || seen.name === observation.labelOf,
  )) {
    const at = view.project(directionOf(star));
    const spot =
      at === undefined
        ? undefined
        : labels.place(
            at,
            star.name === observation.labelOf
              ? ringRadius(scene) + 3
              : Math.max(10, starRadius(scene, star.magnitudeE2 / 100) + 4),
            star.name,
            size,
          );
    if (spot !== undefined)
      parts.push(element('text', { x: spot.x, y: spot.y, 'text-anchor': spot.anchor }, escaped(star.name)));
  }
  const paint = { fill: '#dfe6f7', 'fill-opacity': 0.78, opacity: palette.starOpacity };
  const names = element('g', { 'font-family': serif, 'font-size': size, 'font-style': 'italic', ...paint }, ...parts);
  return names + (detail === 2 && observation.twilight !== 'day' ? figureNames(scene) : '');
}

/** A fine ring around the star that gives the label. */
export function labelRing(scene: Scene): string {
  const { observation, view, palette, labels } = scene;
  const star = observation.stars.find((seen) => seen.name === observation.labelOf);
  const at = star === undefined ? undefined : view.project(directionOf(star));
  if (at === undefined) return '';
  labels.block(at, 0.7 * ringRadius(scene));
  return element('circle', {
    cx: at.x,
    cy: at.y,
    r: ringRadius(scene),
    fill: 'none',
    stroke: palette.gold,
    'stroke-width': stroke(scene, 1.3, 0.8),
  });
}

function ringRadius(scene: Scene): number {
  return Math.max(13, 5 * scene.pixel);
}

const zodiac: ReadonlySet<string> = new Set([
  'Ari',
  'Tau',
  'Gem',
  'Cnc',
  'Leo',
  'Vir',
  'Lib',
  'Sco',
  'Oph',
  'Sgr',
  'Cap',
  'Aqr',
  'Psc',
]);

function figureNames({ view, labels, palette }: Scene): string {
  const size = 10;
  const parts: string[] = [];
  for (const figure of figures()) {
    if (view.geocentric && !zodiac.has(figure.name)) continue;
    const at = view.project(view.ofDate(figure.middle));
    const text = constellationName(figure.name).toUpperCase();
    const spot = at === undefined ? undefined : labels.place(at, 0, text + text.slice(0, text.length / 3), size);
    if (spot !== undefined)
      parts.push(element('text', { x: spot.x, y: spot.y, 'text-anchor': spot.anchor }, escaped(text)));
  }
  const paint = { fill: '#a9bbe8', 'fill-opacity': 0.62, opacity: palette.starOpacity };
  return element('g', { 'font-family': serif, 'font-size': size, 'letter-spacing': 1.6, ...paint }, ...parts);
}
