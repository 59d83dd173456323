import type { Observation } from '../observe.js';
import { placeText } from '../place.js';
import { serif, type Scene } from './scene.js';
import { element, escaped } from './svg.js';

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Label, time, place: what the chart claims to show. */
export function caption(scene: Scene): string {
  const { observation, palette, detail } = scene;
  const line = (y: number, size: number, fill: string, text: string, spacing: number) =>
    element(
      'text',
      { x: 500, y, 'font-size': size, fill, 'letter-spacing': spacing, 'text-anchor': 'middle' },
      escaped(text),
    );
  const title = observation.label.replace(/-(?=[\d.]+$)/, ' ') + '°';
  if (detail === 0) return element('g', { 'font-family': serif }, line(972, 66, palette.ink, title, 1));
  const lines = [
    line(906, 38, palette.ink, title, 3),
    line(
      938,
      detail === 1 ? 20 : 17,
      palette.ink,
      `${dateText(observation.timeMs)}  ·  ${placeText(observation.place)}`,
      0.6,
    ),
    line(966, detail === 1 ? 17 : 14, palette.softInk, noteText(observation), 0.6),
  ];
  return element('g', { 'font-family': serif }, ...lines);
}

/** `21 November 2026, 22:00:05 UTC` */
export function dateText(timeMs: number): string {
  const iso = new Date(timeMs).toISOString();
  const clock = iso.slice(17, 19) === '00' ? iso.slice(11, 16) : iso.slice(11, 19);
  return `${Number(iso.slice(8, 10))} ${months[Number(iso.slice(5, 7)) - 1]!} ${iso.slice(0, 4)}, ${clock} UTC`;
}

const twilightNames = {
  day: 'Day',
  civil: 'Civil twilight',
  nautical: 'Nautical twilight',
  astronomical: 'Astronomical twilight',
  night: 'Night',
};

function noteText(observation: Observation): string {
  const moon = `Moon ${Math.round(observation.moon.illuminatedE6 / 1e4)} % lit`;
  const sky =
    observation.twilight === undefined
      ? 'The zodiac from the north pole of the ecliptic'
      : twilightNames[observation.twilight];
  return `${sky}  ·  ${moon}  ·  claimed time${observation.place === undefined ? '' : ' and place'}`;
}
