import { serif, stroke, type Scene } from './scene.js';
import { element, short } from './svg.js';

/** The horizon with its degrees and cardinal points, or the wheel of ecliptic longitude; and where the label points. */
export function rim(scene: Scene): string {
  const { view, palette, detail } = scene;
  const { x, y } = view.centre;
  const outer = view.radius + (detail === 0 ? 0 : 7);
  const circle = (r: number, width: number) =>
    element('circle', { cx: x, cy: y, r, fill: 'none', stroke: palette.gold, 'stroke-width': width });
  const parts = [circle(view.radius, stroke(scene, 1.8, 1))];
  if (detail > 0) parts.push(circle(outer, stroke(scene, 0.7, 0.4)), ticks(scene, outer));
  parts.push(letters(scene, outer), pointer(scene, outer));
  return parts.join('');
}

/** Unit vector on the paper from the middle towards an azimuth (east on the left) or a longitude (anticlockwise from the right). */
function outward(scene: Scene, degrees: number): readonly [number, number] {
  const angle = (degrees * Math.PI) / 180;
  return scene.view.geocentric ? [Math.cos(angle), -Math.sin(angle)] : [-Math.sin(angle), -Math.cos(angle)];
}

function ticks(scene: Scene, outer: number): string {
  const { centre, radius } = scene.view;
  let d = '';
  for (let degrees = 0; degrees < 360; degrees += scene.detail === 2 ? 5 : 10) {
    const [dx, dy] = outward(scene, degrees);
    const to = degrees % 30 === 0 ? outer + 5 : degrees % 10 === 0 ? outer : radius + 3.5;
    d += `M${short(centre.x + radius * dx)} ${short(centre.y + radius * dy)}L${short(centre.x + to * dx)} ${short(centre.y + to * dy)}`;
  }
  return element('path', { d, stroke: scene.palette.gold, 'stroke-width': stroke(scene, 0.8, 0.4) });
}

function letters(scene: Scene, outer: number): string {
  const { centre } = scene.view;
  const points: readonly (readonly [number, string])[] = scene.view.geocentric
    ? [0, 90, 180, 270].map((degrees) => [degrees, `${degrees}°`] as const)
    : (['N', 'E', 'S', 'W'] as const).map((letter, i) => [90 * i, letter] as const);
  const minor: readonly (readonly [number, string])[] =
    scene.view.geocentric || scene.detail < 2
      ? []
      : (['NE', 'SE', 'SW', 'NW'] as const).map((name, i) => [45 + 90 * i, name] as const);
  const write = ([degrees, text]: readonly [number, string], size: number, fill: string) => {
    const [dx, dy] = outward(scene, degrees);
    const distance = outer + 9 + size * 0.62;
    return element(
      'text',
      {
        x: centre.x + distance * dx,
        y: centre.y + distance * dy + size * 0.34,
        'font-size': size,
        fill,
        'text-anchor': 'middle',
      },
      text,
    );
  };
  const size = scene.view.geocentric ? Math.max(15, 8 * scene.pixel) : Math.max(21, 9.5 * scene.pixel);
  const texts = [
    ...points.map((point) => write(point, size, scene.palette.ink)),
    ...minor.map((point) => write(point, 12, scene.palette.softInk)),
  ];
  return element('g', { 'font-family': serif }, ...texts);
}

/** A small golden arrowhead outside the rim at the azimuth that the label names. */
function pointer(scene: Scene, outer: number): string {
  const { view, observation, palette, detail } = scene;
  if (view.geocentric) return '';
  const azimuthE6 =
    observation.labelOf === 'sun'
      ? observation.bodies.sun.azimuthE6!
      : observation.stars.find((star) => star.name === observation.labelOf)!.azimuthE6!;
  const [dx, dy] = outward(scene, azimuthE6 / 1e6);
  const size = detail === 0 ? 22 : 8.5;
  const tip = outer + 1;
  const back = tip + size * 1.25;
  const at = (distance: number, side: number) =>
    `${short(view.centre.x + distance * dx - side * dy)} ${short(view.centre.y + distance * dy + side * dx)}`;
  return element('path', { d: `M${at(tip, 0)}L${at(back, size / 2)}L${at(back, -size / 2)}Z`, fill: palette.gold });
}
