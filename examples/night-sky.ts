/**
 * One night over a place as a sequence of SVG frames, with a page that plays them.
 * Usage: night-sky.ts FOLDER [DATE] [LATITUDE LONGITUDE], for example: night-sky.ts /tmp/night 2026-12-13 48.137 11.575
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createSky, skyChart, type Observation, type Place } from '@cosmicembeddings/sdk/sky';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Observations every `stepMinutes` from before sunset to after sunrise, between the noon of a UTC date and the next, both by the Sun over the place. */
export function observeNight(date: string, place: Place, stepMinutes: number): Observation[] {
  const sky = createSky();
  const noonMs = Date.parse(`${date}T12:00:00Z`) - (place.lon / 1e6 / 360) * dayMs;
  const moments = Array.from({ length: Math.floor(dayMs / (stepMinutes * minuteMs)) }, (_, i) =>
    Math.round(noonMs + i * stepMinutes * minuteMs),
  );
  return moments
    .map((timeMs) => sky.observe({ timeMs, place }))
    .filter((seen) => seen.bodies.sun.altitudeE6! < 6_000_000);
}

/** The page shows one frame after another; the frames stand beside it. */
export function player(frames: readonly string[], title: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${title}</title>
<style>body{margin:0;background:#080b17;display:grid;place-items:center;height:100vh}img{width:min(96vw,96vh)}</style>
<img alt="${title}">
<script>
const frames = ${JSON.stringify(frames)}.map((src) => Object.assign(new Image(), { src }));
const shown = document.querySelector('img');
let next = 0;
setInterval(() => (shown.src = frames[next++ % frames.length].src), 120);
</script>
`;
}

export function writeNight(folder: string, date: string, place: Place, stepMinutes = 10): string[] {
  const night = observeNight(date, place, stepMinutes);
  if (night.length === 0) throw new Error(`the Sun does not set on ${date} at that place: choose another date`);
  mkdirSync(folder, { recursive: true });
  const frames = night.map((_, i) => `frame-${String(i).padStart(3, '0')}.svg`);
  night.forEach((seen, i) => writeFileSync(join(folder, frames[i]!), skyChart(seen, { theme: 'dark', sizePx: 1000 })));
  writeFileSync(
    join(folder, 'index.html'),
    player(frames, `The night of ${date}: ${night[0]!.label} … ${night.at(-1)!.label}`),
  );
  return frames;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder = 'night', date = '2026-12-13', latitude = '48.137', longitude = '11.575'] = process.argv.slice(2);
  const place = { lat: Math.round(Number(latitude) * 1e6), lon: Math.round(Number(longitude) * 1e6), elevation: 0 };
  const frames = writeNight(folder, date, place);
  console.log(`${frames.length} frames in ${folder}; open ${join(folder, 'index.html')} in a browser`);
}
