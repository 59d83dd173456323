// Residuals of the sky against JPL Horizons and independent positions (../shared/data/astronomy), arcseconds by body; and of the fitted
// segments against astronomy-engine. Usage: node bench/sky/exactness.mjs
import { existsSync, readFileSync } from 'node:fs';
import { createSky, spanEndMs, spanStartMs } from '../../sdk/dist/sky/index.js';
import { directFrame } from '../../sdk/dist/sky/ephemeris/direct.js';
import { emptyFrame } from '../../sdk/dist/sky/ephemeris/frame.js';
import { evaluateSegment, fitSegment, segmentIndexOf } from '../../sdk/dist/sky/ephemeris/segment.js';
import { random, record } from '../record.mjs';

const data = new URL('../../../shared/data/astronomy/', import.meta.url);
const sky = createSky();
const rad = Math.PI / 180;
const bodies = ['sun', 'moon', 'mercury', 'venus', 'mars', 'jupiter', 'saturn', 'uranus', 'neptune'];

function separation(lat1, lon1, lat2, lon2) {
  const h =
    Math.sin(((lat2 - lat1) * rad) / 2) ** 2 +
    Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2;
  return ((2 * Math.asin(Math.sqrt(h))) / rad) * 3600;
}
/** Sæmundsson's refraction as Horizons applies it (Meeus 16.4; below −1° as at −1°). */
function refracted(elevation) {
  const h = Math.max(elevation, -1);
  return elevation + 1.02 / Math.tan((h + 10.3 / (h + 5.11)) * rad) / 60;
}
function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] * 100) / 100;
  return { rows: sorted.length, median: at(0.5), p95: at(0.95), max: at(1) };
}
const lines = (name) =>
  readFileSync(new URL(name, data), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
const e6 = (text) => Math.round(Number(text) * 1e6);

function horizons() {
  const result = {};
  for (const name of [
    ...bodies.map((body) => body[0].toUpperCase() + body.slice(1)),
    'Moon_N15_E075',
    'airless_Jupiter',
    'airless_Moon',
    'airless_Sun_equinox',
  ]) {
    const text = readFileSync(new URL(`horizons_${name}.txt`, data), 'utf8');
    const [lon, lat, km] = /Center geodetic : *([-\d.]+), *([-\d.]+), *([-\d.]+)/.exec(text).slice(1).map(Number);
    const place = {
      lat: Math.round(lat * 1e6),
      lon: Math.round((lon > 180 ? lon - 360 : lon) * 1e6),
      elevation: Math.round(km * 1e6),
    };
    const body = bodies.find((one) => name.toLowerCase().includes(one));
    const rows = text
      .slice(text.indexOf('$$SOE') + 6, text.indexOf('$$EOE'))
      .trim()
      .split('\n');
    result[name] = summary(
      rows.map((row) => {
        const [azimuth, elevation] = row.trim().split(/\s+/).slice(-2).map(Number);
        const timeMs = Date.parse(`${/\d{4}-\w{3}-\d\d \d\d:\d\d/.exec(row)[0]} UTC`);
        const seen = sky.observe({ timeMs, place }).bodies[body];
        const altitude = seen.altitudeE6 / 1e6;
        return separation(
          name.startsWith('airless') ? altitude : refracted(altitude),
          seen.azimuthE6 / 1e6,
          elevation,
          azimuth,
        );
      }),
    );
  }
  return result;
}

function independent() {
  const off = {};
  const add = (key, value) => (off[key] ??= []).push(value);
  for (const [utc, lat, lon, elevation, body, alt, az] of lines('reference_positions.csv')) {
    const seen = sky.observe({
      timeMs: Date.parse(utc),
      place: { lat: e6(lat), lon: e6(lon), elevation: Math.round(elevation * 1000) },
    }).bodies[body];
    add(body, separation(seen.altitudeE6 / 1e6, seen.azimuthE6 / 1e6, Number(alt), Number(az)));
  }
  for (const [utc, , , name, , , raHours, dec] of lines('reference_star_positions.csv')) {
    const star = sky
      .observe({ timeMs: Date.parse(utc) })
      .stars.find((one) => one.name === (name === 'Albereo' ? 'Albireo' : name));
    add('stars', separation(star.decE6 / 1e6, star.raE6 / 1e6, Number(dec), raHours * 15));
  }
  return Object.fromEntries(Object.entries(off).map(([key, values]) => [key, summary(values)]));
}

function segments() {
  const next = random(7);
  const off = Object.fromEntries(bodies.map((body) => [body, []]));
  const fitted = emptyFrame();
  for (let i = 0; i < 3000; i++) {
    const timeMs = Math.floor(spanStartMs + next() * (spanEndMs - spanStartMs));
    evaluateSegment(fitSegment(segmentIndexOf(timeMs)), timeMs, fitted);
    const direct = directFrame(timeMs).bodies;
    bodies.forEach((body, index) => {
      const [a, b] = [fitted.bodies, direct].map((list) => [...list.subarray(3 * index, 3 * index + 3)]);
      const [la, lb] = [Math.hypot(...a), Math.hypot(...b)];
      off[body].push((Math.hypot(...a.map((value, axis) => value / la - b[axis] / lb)) / rad) * 3600);
    });
  }
  return Object.fromEntries(
    Object.entries(off).map(([key, values]) => [key, { ...summary(values), max: Math.max(...values) }]),
  );
}

record(import.meta.url, 'exactness', {
  unit: 'arcseconds of angular separation',
  ...(existsSync(data)
    ? { horizons: horizons(), independent: independent() }
    : { skipped: '../shared/data/astronomy is absent' }),
  segmentsAgainstDirect: segments(),
});
