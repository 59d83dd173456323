import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CosmicError } from '@cosmicembeddings/sdk';
import { instantOf } from '@cosmicembeddings/sdk/schema';
import {
  coarsen,
  createSky,
  placeFault,
  placeText,
  skyChart,
  skyJson,
  textChart,
  textChartLegend,
  whatAStampProves,
  type Observation,
  type Place,
  type Sky,
} from '@cosmicembeddings/sdk/sky';
import type { Argv, CommandModule } from 'yargs';
import { UsageError } from '../output.js';
import { strictValues } from '../values.js';

/** Degrees, degrees, metres, degrees. */
export interface Degrees {
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
  readonly elevation?: number | undefined;
  readonly grid?: number | undefined;
}

interface SkyArguments extends Degrees {
  at?: string | undefined;
  json: boolean;
  lines: boolean;
  svg?: string | undefined;
  theme: 'light' | 'dark' | 'auto';
  size: number;
}

let clean = <T>(args: T): T => args;

export const skyCommand: CommandModule<object, SkyArguments> = {
  command: 'sky',
  describe: 'Show the sky over a place at a time, as a table and chart, JSON or SVG',
  builder: (yargs) => {
    const built = (yargs as Argv<object>)
      .example('cosmic sky --at 2026-11-21T22:00:00Z --latitude 48.1 --longitude 11.6', '')
      .option('at', { type: 'string', describe: 'UTC time, such as 2026-11-21T22:00:00Z; now when left out' })
      .option('latitude', { type: 'number', describe: 'degrees north; without a place the sky is geocentric' })
      .option('longitude', { type: 'number', describe: 'degrees east' })
      .option('elevation', { type: 'number', describe: 'metres above the ellipsoid' })
      .option('grid', { type: 'number', describe: 'coarsen the place to a grid of so many degrees' })
      .option('json', { type: 'boolean', default: false, describe: 'print JSON' })
      .option('svg', { type: 'string', describe: 'write the chart to this file; - for standard output' })
      .option('theme', {
        choices: ['light', 'dark', 'auto'] as const,
        default: 'auto' as const,
        describe: 'of the chart',
      })
      .option('size', { type: 'number', default: 1000, describe: 'of the chart, pixels' })
      .option('lines', {
        type: 'boolean',
        default: false,
        describe: 'answer JSON Lines of {"time", "latitude", "longitude", "elevation"} from standard input',
      })
      .check((args) => {
        // Not `conflicts`: to yargs an option that is false by default conflicts with everything.
        const forms = [args['json'] === true, args['svg'] !== undefined, args['lines'] === true];
        if (forms.filter(Boolean).length > 1) throw new Error('choose one of --json, --svg and --lines');
        return true;
      }) as Argv<SkyArguments>;
    clean = strictValues(built as unknown as Argv, 'sky');
    return built;
  },
  handler: (args) => runSky(clean(args)),
};

async function runSky(args: SkyArguments): Promise<void> {
  const sky = createSky();
  if (args.lines) {
    for await (const line of createInterface({ input: process.stdin }))
      if (line.trim() !== '') process.stdout.write(`${answerLine(sky, line)}\n`);
    return;
  }
  const place = placeOfDegrees(args);
  const observation = sky.observe({ timeMs: args.at === undefined ? Date.now() : timeFlag(args.at), place });
  if (args.svg === undefined)
    process.stdout.write(args.json ? `${JSON.stringify(skyJson(observation), null, 2)}\n` : skyText(observation));
  else writeChart(args.svg, skyChart(observation, { theme: args.theme, sizePx: args.size }));
}

function writeChart(file: string, svg: string): void {
  if (file === '-') process.stdout.write(`${svg}\n`);
  else writeFileSync(file, `${svg}\n`);
}

/** Milliseconds of an RFC 3339 time. @throws CosmicError request.malformed */
export function timeOf(text: string): number {
  const timeMs = instantOf(text);
  if (timeMs === undefined)
    throw new CosmicError(
      'request.malformed',
      `${JSON.stringify(text.slice(0, 100))} is no time of RFC 3339; write it like 2026-11-21T22:00:00Z`,
    );
  return timeMs;
}

/** As `timeOf`, of the flag `--at`. @throws UsageError */
export function timeFlag(text: string): number {
  try {
    return timeOf(text);
  } catch (error) {
    throw error instanceof CosmicError ? new UsageError(`--at: ${error.detail}`) : error;
  }
}

/** The place in the integers of a header; undefined when neither latitude nor longitude is given. @throws CosmicError sky.place_invalid */
export function placeOfDegrees({ latitude, longitude, elevation = 0, grid }: Degrees): Place | undefined {
  if (latitude === undefined && longitude === undefined) return undefined;
  if (latitude === undefined || longitude === undefined)
    throw new CosmicError(
      'sky.place_invalid',
      `${latitude === undefined ? 'latitude' : 'longitude'} is missing; give both or neither`,
    );
  // Adding 0 makes −0, which no header can carry, into 0.
  const place = {
    lat: Math.round(latitude * 1e6) + 0,
    lon: Math.round(longitude * 1e6) + 0,
    elevation: Math.round(elevation * 1e3) + 0,
  };
  const fault =
    placeFault(place) ??
    (grid === undefined ? undefined : placeFault({ lat: 0, lon: 0, elevation: 0, grid: Math.round(grid * 1e6) }));
  if (fault !== undefined) throw new CosmicError('sky.place_invalid', fault);
  return grid === undefined ? place : coarsen(place, Math.round(grid * 1e6));
}

/** One JSON answer to one JSON request; what is wrong with a request is its answer, and the next goes on. */
export function answerLine(sky: Sky, line: string): string {
  try {
    const { time, latitude, longitude, elevation } = requestOf(line);
    return JSON.stringify(
      skyJson(
        sky.observe({
          timeMs: typeof time === 'number' ? time : timeOf(time),
          place: placeOfDegrees({ latitude, longitude, elevation }),
        }),
      ),
    );
  } catch (error) {
    if (error instanceof CosmicError) return JSON.stringify({ error: { code: error.code, detail: error.detail } });
    throw error;
  }
}

/** `time`: RFC 3339 text, or milliseconds. */
function requestOf(line: string): Degrees & { readonly time: string | number } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new CosmicError('request.malformed', 'the line is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CosmicError('request.malformed', 'expected an object with time, latitude, longitude, elevation');
  const request = value as Record<string, unknown>;
  if (typeof request['time'] !== 'string' && typeof request['time'] !== 'number')
    throw new CosmicError('request.malformed', 'time: expected text or milliseconds');
  for (const key of ['latitude', 'longitude', 'elevation'])
    if (request[key] !== undefined && typeof request[key] !== 'number')
      throw new CosmicError('request.malformed', `${key}: expected a number`);
  return request as unknown as Degrees & { readonly time: string | number };
}

const bodySigns = {
  sun: '☉',
  moon: '☾',
  mercury: '☿',
  venus: '♀',
  mars: '♂',
  jupiter: '♃',
  saturn: '♄',
  uranus: '♅',
  neptune: '♆',
};
const starsShown = 10;

/** The table, the chart and the sentence about what they prove, ending in a newline. */
export function skyText(observation: Observation): string {
  const seen = skyJson(observation);
  const rows = [
    ...Object.entries(seen.bodies).map(([name, body]) =>
      row(`${bodySigns[name as keyof typeof bodySigns]} ${name}`, body, `${body.distanceAu.toFixed(5)} au`),
    ),
    '',
    ...seen.stars
      .slice(0, starsShown)
      .map((star) =>
        row(
          `${star.name === seen.labelOf ? '⊙' : '★'} ${star.name}`,
          star,
          `${star.constellation}, ${star.magnitude.toFixed(2)} mag`,
        ),
      ),
  ];
  const head = seen.place === null ? ['', 'RA h', 'dec °', ''] : ['', 'altitude °', 'azimuth °', 'RA h', 'dec °', ''];
  return [
    `${seen.label}   ${seen.time}   ${placeText(observation.place)}`,
    `${seen.twilight ?? 'no horizon'}, Moon ${(seen.moon.illuminated * 100).toFixed(0)} % lit, sidereal time ${seen.siderealHours.toFixed(4)} h`,
    '',
    columns(head),
    ...rows,
    '',
    textChart(observation),
    textChartLegend,
    '',
    whatAStampProves,
    '',
  ].join('\n');
}

function row(
  name: string,
  at: {
    readonly altitudeDeg?: number;
    readonly azimuthDeg?: number;
    readonly raHours: number;
    readonly decDeg: number;
  },
  note: string,
): string {
  const horizon = at.altitudeDeg === undefined ? [] : [at.altitudeDeg.toFixed(3), at.azimuthDeg!.toFixed(3)];
  return columns([name, ...horizon, at.raHours.toFixed(5), at.decDeg.toFixed(3), note]);
}

function columns(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i === 0 ? cell.padEnd(18) : i === cells.length - 1 ? `  ${cell}` : cell.padStart(11)))
    .join('')
    .trimEnd();
}
