// Writes specs/vectors/sky-{observations,stamps,horizons}.json. Run after a build; a change in the files is a change of `sky/1`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createSky } from '../../sdk/dist/sky/index.js';
import { hashOf } from '../../sdk/dist/sky/stamp.js';

const folder = new URL('../../specs/vectors/', import.meta.url);
/** One case or row a line. */
const write = (name, { cases, rows, ...head }) => {
  const list = (cases ?? rows).map((entry) => `  ${JSON.stringify(entry)}`).join(',\n');
  const text = JSON.stringify(head, null, 1).slice(0, -2);
  writeFileSync(new URL(name, folder), `${text},\n "${cases ? 'cases' : 'rows'}": [\n${list}\n ]\n}\n`);
};
const sky = createSky();
const place = (lat, lon, elevation = 0, grid) => ({ lat, lon, elevation, ...(grid ? { grid } : {}) });

const moments = [
  ['Munich at night', '2026-11-21T22:00:00.000Z', place(48137000, 11575000, 520000)],
  ['Munich by day', '2026-06-21T11:00:00.000Z', place(48137000, 11575000, 520000)],
  ['Sydney at dusk', '2026-06-30T07:40:00.000Z', place(-33868000, 151209000, 20000)],
  ['Quito, on the equator', '2031-03-20T03:12:45.678Z', place(-180000, -78467000, 2850000)],
  ['Svalbard, midnight Sun', '2029-07-01T23:00:00.000Z', place(78223000, 15627000, 30000)],
  ['the north pole', '2026-12-21T00:00:00.000Z', place(90000000, 0, 0)],
  ['the south pole', '1999-06-21T12:00:00.000Z', place(-90000000, 45000000, 2835000)],
  ['the date line, written +180', '2024-02-29T12:00:00.000Z', place(51900000, 180000000, 0)],
  ['the date line, written −180', '2024-02-29T12:00:00.000Z', place(51900000, -180000000, 0)],
  ['the Dead Sea shore', '1988-04-01T18:30:00.000Z', place(31500000, 35500000, -430000)],
  ['420 km above the Pacific', '2025-01-01T00:00:00.001Z', place(-10000000, -150000000, 420000000)],
  ['coarsened to a degree', '2026-11-21T22:00:00.000Z', place(48000000, 12000000, 1000000, 1000000)],
  ['solar eclipse of 2017 at Carbondale', '2017-08-21T18:21:00.000Z', place(37727000, -89217000, 127000)],
  ['first moment of the span', '1950-01-01T00:00:00.000Z', place(51477900, 0, 46000)],
  ['last moment of the span', '2099-12-31T23:59:59.999Z', place(35680000, 139770000, 25000)],
  ['geocentric', '2026-11-21T22:00:00.000Z', undefined],
  ['geocentric, first Moon landing', '1969-07-20T20:17:40.000Z', undefined],
  ['geocentric, last moment of the span', '2099-12-31T23:59:59.999Z', undefined],
].map(([name, time, where]) => ({
  name,
  at: { timeMs: Date.parse(time), ...(where === undefined ? {} : { place: where }) },
}));

write('sky-observations.json', {
  about:
    'Full observations and stamps (specs/sky.md). Directions agree within 120″, other quantities within the tolerances of that page; hashes and label numbers follow from the integers of the implementation at hand.',
  cases: moments.map(({ name, at }) => ({ name, at, observation: sky.observe(at), stamp: sky.stamp(at) })),
});

const DEG = Math.PI / 180;
/** A direction moved by `arcsec` towards `bearing`; latitude and longitude in microdegrees. */
function moved(latE6, lonE6, arcsec, bearing) {
  const [lat, lon, d, b] = [(latE6 / 1e6) * DEG, (lonE6 / 1e6) * DEG, (arcsec / 3600) * DEG, bearing * DEG];
  const to = Math.asin(Math.sin(lat) * Math.cos(d) + Math.cos(lat) * Math.sin(d) * Math.cos(b));
  const by = Math.atan2(Math.sin(b) * Math.sin(d) * Math.cos(lat), Math.cos(d) - Math.sin(lat) * Math.sin(to));
  return [Math.round((to / DEG) * 1e6), (((Math.round(((lon + by) / DEG) * 1e6) % 360e6) + 360e6) % 360e6) + 0];
}
/** The stamp with label number and hash made to fit its integers again. */
function consistent(stamp) {
  const integers = stamp.altaz ?? stamp.radec;
  const angle = stamp.star ? stamp.star[2] : stamp.altaz ? integers[1] : integers[2];
  const tenths = Math.floor((angle + 50000) / 100000) % 3600;
  const label = stamp.label.replace(/-[\d.]+$/, `-${Math.floor(tenths / 10)}.${tenths % 10}`);
  return {
    ...stamp,
    label,
    hash: hashOf(stamp.altaz ? 'altaz' : 'radec', [...integers, ...(stamp.star ? stamp.star.slice(1) : [])]),
  };
}
function shifted(stamp, body, arcsec, bearing) {
  const key = stamp.altaz ? 'altaz' : 'radec';
  const list = [...stamp[key]];
  const [first, second] = [list[2 * body], list[2 * body + 1]];
  if (key === 'altaz') [list[2 * body], list[2 * body + 1]] = moved(first, second, arcsec, bearing);
  else [list[2 * body + 1], list[2 * body]] = moved(second, first, arcsec, bearing);
  return consistent({ ...stamp, [key]: list });
}
const turnStar = (stamp, arcsec, bearing) =>
  consistent({ ...stamp, star: [stamp.star[0], ...moved(stamp.star[1], stamp.star[2], arcsec, bearing)] });

const night = moments[0].at;
const day = moments[1].at;
const geo = moments[15].at;
const [nightStamp, dayStamp, geoStamp] = [night, day, geo].map((at) => sky.stamp(at));
const ok = { ok: true };
const refused = (code, marginal = false) => ({ ok: false, code, marginal });
const cases = [
  ...moments.map(({ name, at }) => [name, at, sky.stamp(at), ok]),
  ...['sun', 'moon', 'mercury', 'venus', 'mars', 'jupiter', 'saturn', 'uranus', 'neptune'].flatMap((body, i) => [
    [`${body} 110″ off`, night, shifted(nightStamp, i, 110, 40 * i), ok],
    [`${body} 130″ off`, night, shifted(nightStamp, i, 130, 40 * i), refused('sky.mismatch', true)],
    [`${body} 250″ off`, night, shifted(nightStamp, i, 250, 40 * i), refused('sky.mismatch')],
    [`geocentric ${body} 110″ off`, geo, shifted(geoStamp, i, 110, 40 * i), ok],
    [`geocentric ${body} 130″ off`, geo, shifted(geoStamp, i, 130, 40 * i), refused('sky.mismatch', true)],
  ]),
  ['star 110″ off', night, turnStar(nightStamp, 110, 10), ok],
  ['star 130″ off', night, turnStar(nightStamp, 130, 10), refused('sky.mismatch', true)],
  ['five seconds later', { ...night, timeMs: night.timeMs + 5000 }, nightStamp, ok],
  ['ten seconds later', { ...night, timeMs: night.timeMs + 10000 }, nightStamp, refused('sky.mismatch', true)],
  ['an hour later', { ...night, timeMs: night.timeMs + 3600000 }, nightStamp, refused('sky.mismatch')],
  ['a kilometre away', { ...night, place: { ...night.place, lat: 48146000 } }, nightStamp, ok],
  [
    'a hundred kilometres away',
    { ...night, place: { ...night.place, lat: 49037000 } },
    nightStamp,
    refused('sky.mismatch'),
  ],
  [
    'a star in daylight',
    day,
    consistent({ ...dayStamp, star: starAt(day, 'Capella'), label: 'Auriga-0.0' }),
    refused('sky.mismatch'),
  ],
  [
    'a star that is not the highest',
    night,
    consistent({ ...nightStamp, star: starAt(night, 'Sirius'), label: 'Canis Major-0.0' }),
    refused('sky.mismatch'),
  ],
  [
    'a star below the horizon',
    night,
    consistent({ ...nightStamp, star: ['Acrux', -30000000, 180000000], label: 'Crux-0.0' }),
    refused('sky.mismatch'),
  ],
  [
    'the Sun’s label at night',
    night,
    consistent({ version: 'sky/1', altaz: nightStamp.altaz, label: 'Libra-0.0' }),
    refused('sky.mismatch'),
  ],
  [
    'a wrong constellation by day',
    day,
    { ...dayStamp, label: dayStamp.label.replace(/^\w+/, 'Gemini') },
    refused('sky.mismatch'),
  ],
  [
    'a wrong constellation without a place',
    geo,
    { ...geoStamp, label: geoStamp.label.replace(/^\w+/, 'Aries') },
    refused('sky.mismatch'),
  ],
  ['a label number that does not fit', night, { ...nightStamp, label: 'Perseus-69.7' }, refused('sky.malformed')],
  [
    'a label of another constellation than its star’s',
    night,
    { ...nightStamp, label: nightStamp.label.replace('Perseus', 'Auriga') },
    refused('sky.malformed'),
  ],
  ['a wrong hash', night, { ...nightStamp, hash: '0000000000000000' }, refused('sky.malformed')],
  ['another version', night, { ...nightStamp, version: 'sky/2' }, refused('sky.malformed')],
  ['an unknown key', night, { ...nightStamp, note: 'hello' }, refused('sky.malformed')],
  ['no hash', night, without(nightStamp, 'hash'), refused('sky.malformed')],
  ['no positions', night, without(nightStamp, 'altaz'), refused('sky.malformed')],
  ['17 integers', night, { ...nightStamp, altaz: nightStamp.altaz.slice(1) }, refused('sky.malformed')],
  ['a fraction', night, { ...nightStamp, altaz: [0.5, ...nightStamp.altaz.slice(1)] }, refused('sky.malformed')],
  [
    'an altitude above 90°',
    night,
    { ...nightStamp, altaz: [90000001, ...nightStamp.altaz.slice(1)] },
    refused('sky.malformed'),
  ],
  [
    'an azimuth of 360°',
    night,
    { ...nightStamp, altaz: [nightStamp.altaz[0], 360000000, ...nightStamp.altaz.slice(2)] },
    refused('sky.malformed'),
  ],
  [
    'an unknown star',
    night,
    { ...nightStamp, star: ['Nemesis', ...nightStamp.star.slice(1)] },
    refused('sky.malformed'),
  ],
  [
    'a star too faint for a label',
    night,
    { ...nightStamp, star: ['Algol', ...nightStamp.star.slice(1)] },
    refused('sky.malformed'),
  ],
  ['altitudes without a place', { timeMs: night.timeMs }, nightStamp, refused('sky.malformed')],
  ['right ascensions with a place', night, geoStamp, refused('sky.malformed')],
  ['a star without a place', geo, { ...geoStamp, star: nightStamp.star }, refused('sky.malformed')],
  ['no map', night, 'Perseus-69.6', refused('sky.malformed')],
  ['null', night, null, refused('sky.malformed')],
  [
    'before 1950',
    { ...night, timeMs: Date.parse('1949-12-31T23:59:59.999Z') },
    nightStamp,
    refused('sky.time_out_of_span'),
  ],
  ['in 2100', { ...night, timeMs: Date.parse('2100-01-01T00:00:00Z') }, nightStamp, refused('sky.time_out_of_span')],
  ['half a millisecond', { ...night, timeMs: night.timeMs + 0.5 }, nightStamp, refused('sky.time_out_of_span')],
  ['latitude above 90°', { ...night, place: place(90000001, 0) }, nightStamp, refused('sky.place_invalid')],
  ['longitude below −180°', { ...night, place: place(0, -180000001) }, nightStamp, refused('sky.place_invalid')],
  ['a place without elevation', { ...night, place: { lat: 0, lon: 0 } }, nightStamp, refused('sky.place_invalid')],
  [
    'a place in degrees',
    { ...night, place: { lat: 48.137, lon: 11.575, elevation: 520 } },
    nightStamp,
    refused('sky.place_invalid'),
  ],
  [
    'a place off its own grid',
    { ...night, place: place(48137000, 12000000, 0, 1000000) },
    nightStamp,
    refused('sky.place_invalid'),
  ],
  [
    'a place with an unknown key',
    { ...night, place: { ...night.place, name: 'Munich' } },
    nightStamp,
    refused('sky.place_invalid'),
  ],
];
write('sky-stamps.json', {
  about: 'Stamps and what checking them says (specs/sky.md).',
  cases: cases.map(([name, at, stamp, expected]) => ({ name, at, stamp, expected })),
});

function starAt(at, name) {
  const star = sky.observe(at).stars.find((seen) => seen.name === name);
  return [name, star.altitudeE6, star.azimuthE6];
}
function without(map, key) {
  const { [key]: _, ...rest } = map;
  return rest;
}

/** A few rows of each Horizons table, so that a clone without the shared data is held to JPL as well. */
const horizons = new URL('../../../shared/data/astronomy/', import.meta.url);
if (existsSync(horizons)) {
  const rows = ['Sun', 'Moon', 'Mercury', 'Venus', 'Mars', 'Jupiter', 'Saturn', 'Uranus', 'Neptune'].flatMap((body) => {
    const text = readFileSync(new URL(`horizons_${body}.txt`, horizons), 'utf8');
    const lines = text
      .slice(text.indexOf('$$SOE') + 6, text.indexOf('$$EOE'))
      .trim()
      .split('\n');
    return lines
      .filter((_, i) => i % Math.ceil(lines.length / 10) === 3)
      .map((line) => {
        const [azimuth, elevation] = line.trim().split(/\s+/).slice(-2).map(Number);
        return [
          body.toLowerCase(),
          `${new Date(`${/\d{4}-\w{3}-\d\d \d\d:\d\d/.exec(line)[0]} UTC`).toISOString()}`,
          azimuth,
          elevation,
        ];
      });
  });
  write('sky-horizons.json', {
    about:
      'JPL Horizons, topocentric azimuth and refracted elevation in degrees (4 decimals) at 279° E, 29° N, 10 m: [body, UTC, azimuth, elevation].',
    place: place(29000000, -81000000, 10000),
    rows,
  });
}
