import { bodyNames, type BodyName } from '../constants.js';
import { serif, stroke, type Scene } from './scene.js';
import { element, short } from './svg.js';
import { bearing, directionOf, type Point } from './view.js';

interface Look {
  readonly name: string;
  readonly colour: string;
  readonly radius: number;
}

/** Not to scale: all planets would be points. */
const looks: Readonly<Record<Exclude<BodyName, 'sun' | 'moon'>, Look>> = {
  mercury: { name: 'Mercury', colour: '#cdbfae', radius: 4.2 },
  venus: { name: 'Venus', colour: '#fff3d0', radius: 6.4 },
  mars: { name: 'Mars', colour: '#ff8f66', radius: 5.2 },
  jupiter: { name: 'Jupiter', colour: '#f3d9ae', radius: 6.2 },
  saturn: { name: 'Saturn', colour: '#e8d193', radius: 4.8 },
  uranus: { name: 'Uranus', colour: '#a5dfe0', radius: 3.6 },
  neptune: { name: 'Neptune', colour: '#8fb0ff', radius: 3.4 },
};

/** Sun, Moon and planets, the farthest first so that the Moon lies on top; all keep names off before the first is placed. */
export function wanderers(scene: Scene): string {
  const grow = scene.detail === 0 ? 2.1 : scene.detail === 1 ? 1.35 : 1;
  const seen = bodyNames.flatMap((body) => {
    const at = scene.view.project(directionOf(scene.observation.bodies[body]));
    return at === undefined ? [] : [{ body, at, radius: roomOf(body) * grow }];
  });
  for (const { at, radius } of seen) scene.labels.block(at, radius);
  const drawn = [...seen].reverse().map(({ body, at }) => {
    if (body === 'sun') return sun(scene, at, 17 * grow);
    return body === 'moon' ? moon(scene, at, 16 * grow) : planet(scene, at, looks[body], grow);
  });
  const names = seen.map(({ body, at, radius }) => nameOf(scene, body, at, radius));
  return drawn.join('') + names.join('');
}

function roomOf(body: BodyName): number {
  return body === 'sun' ? 31 : body === 'moon' ? 17 : 1.6 * looks[body].radius;
}

function nameOf(scene: Scene, body: BodyName, at: Point, radius: number): string {
  if (scene.detail === 0) return '';
  const text = body === 'sun' ? 'Sun' : body === 'moon' ? 'Moon' : looks[body].name;
  const size = Math.max(14, 10.5 * scene.pixel);
  const spot = scene.labels.place(at, radius + 3, text, size);
  if (spot === undefined) return '';
  const halo = {
    stroke: scene.palette.zenith,
    'stroke-width': 3,
    'stroke-opacity': 0.55,
    'paint-order': 'stroke',
    'stroke-linejoin': 'round',
  };
  return element(
    'text',
    {
      x: spot.x,
      y: spot.y,
      'text-anchor': spot.anchor,
      'font-family': serif,
      'font-size': size,
      fill: '#fff6e2',
      ...halo,
    },
    text,
  );
}

function sun(scene: Scene, at: Point, radius: number): string {
  const rays = Array.from({ length: 24 }, (_, i) => {
    const angle = (i * Math.PI) / 12;
    const [from, to] = [radius * 1.3, radius * (i % 2 === 0 ? 1.85 : 1.55)];
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return `M${short(at.x + from * c)} ${short(at.y + from * s)}L${short(at.x + to * c)} ${short(at.y + to * s)}`;
  }).join('');
  return (
    element('circle', { cx: at.x, cy: at.y, r: radius * 5, fill: `url(#${scene.id}-sun)` }) +
    element('path', {
      d: rays,
      stroke: '#ffe9ad',
      'stroke-width': stroke(scene, 1.3, 0.6),
      'stroke-linecap': 'round',
    }) +
    element('circle', {
      cx: at.x,
      cy: at.y,
      r: radius,
      fill: '#ffe08a',
      stroke: '#fff7df',
      'stroke-width': stroke(scene, 1.4),
    })
  );
}

/**
 * The Moon with its true phase: the lit limb towards the Sun along the great circle, the terminator half an ellipse whose
 * half-width is the cosine of the phase angle.
 */
function moon(scene: Scene, at: Point, radius: number): string {
  const { observation, view } = scene;
  const { bodies } = observation;
  const towardsSun = (bearing(view, directionOf(bodies.moon), directionOf(bodies.sun)) * 180) / Math.PI;
  const cosine = Math.cos((observation.moon.phaseAngleE6 / 1e6) * (Math.PI / 180));
  const r = short(radius);
  const lit = `M0 -${r}A${r} ${r} 0 0 1 0 ${r}A${short(Math.abs(cosine) * radius)} ${r} 0 0 ${cosine > 0 ? 1 : 0} 0 -${r}Z`;
  return element(
    'g',
    { transform: `translate(${short(at.x)} ${short(at.y)})` },
    element('circle', { r: radius * 3, fill: `url(#${scene.id}-moon)`, opacity: observation.moon.illuminatedE6 / 1e6 }),
    element('circle', { r: radius, fill: scene.palette.moonShade }),
    element('path', { d: lit, fill: '#fbf5e4', transform: `rotate(${short(towardsSun)})` }),
    element('circle', {
      r: radius,
      fill: 'none',
      stroke: '#fbf5e4',
      'stroke-opacity': 0.35,
      'stroke-width': stroke(scene, 0.7),
    }),
  );
}

function planet(scene: Scene, at: Point, look: Look, grow: number): string {
  const radius = look.radius * grow;
  const disc = element('circle', { cx: at.x, cy: at.y, r: radius, fill: look.colour });
  const ring = { fill: 'none', stroke: look.colour, 'stroke-width': stroke(scene, 1.1, 0.5) };
  if (look.name === 'Saturn') {
    const tilt = `rotate(-22 ${short(at.x)} ${short(at.y)})`;
    return (
      disc + element('ellipse', { cx: at.x, cy: at.y, rx: radius * 2.1, ry: radius * 0.62, ...ring, transform: tilt })
    );
  }
  return element('circle', { cx: at.x, cy: at.y, r: radius * 2.4, fill: look.colour, 'fill-opacity': 0.14 }) + disc;
}
