import type { SpaceMap } from '@cosmicembeddings/sdk/api';
import { element } from '../parts/element.js';
import type { Place } from '../parts/place.js';
import { hrefOf } from '../parts/route.js';
import { themeNow } from '../parts/theme.js';
import { t } from '../words/index.js';
import { paletteOf } from './colours.js';
import { openPlain, radiusOf } from './painter.js';
import { around, mostOf } from './view.js';

const AGAIN_MS = 2_000;
const UNIT = 65_535;
const SIZE = { width: 320, height: 220 } as const;
const RATIO = 2;
const FILLED = 0.94;

/** A space's map, small and still, that leads to the map; where the node is still laying it out, when it is done. */
export async function drawGlance(into: HTMLElement, space: string, { client, signal }: Place): Promise<void> {
  while (!signal.aborted) {
    const answer = await client.map(space, { signal }).catch(() => undefined);
    if (answer === undefined || answer.map.state === 'few' || signal.aborted) return;
    if (answer.map.state === 'ready' && answer.map.points > 0) return show(into, space, answer.map);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function show(into: HTMLElement, space: string, map: SpaceMap): void {
  const { width, height } = SIZE;
  const canvas = element('canvas', {
    width: String(RATIO * width),
    height: String(RATIO * height),
    'aria-hidden': 'true',
  });
  const painter = openPlain(canvas);
  if (painter === undefined) return;
  painter.points(map.xs, map.ys);
  painter.colours(map.codes.tag, paletteOf(themeNow(), 'class'));
  painter.states(new Uint8Array(map.points));
  const inUnits = ([from, to]: [number, number]): [number, number] => [from / UNIT, to / UNIT];
  const view = around({ x: inUnits(mostOf(map.xs)), y: inUnits(mostOf(map.ys)) }, SIZE, FILLED);
  painter.draw(view, SIZE, { ratio: RATIO, radius: radiusOf(map.points, 1) / 2, ring: [0, 0, 0] });
  into.replaceChildren(
    element('a', { href: hrefOf('map', space) }, canvas, element('span', {}, t('home.onMap', { n: map.points }))),
  );
  into.hidden = false;
}
