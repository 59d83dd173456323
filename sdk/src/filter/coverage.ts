import { toHex } from '../bytes.js';
import type { ObserverLocation } from '../block/types.js';
import { encode } from '../codec/encode.js';
import type { Value } from '../codec/value.js';
import { CosmicError } from '../errors.js';
import { filterFields, type Filter } from './fields.js';
import { readFilter, testsOf } from './filter.js';
import { passes, type Facts, type Test } from './test.js';

/** A rectangle in microdegrees; a west above its east crosses the date line. */
export interface Place {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/** Fields of a filter that a subscription has: those that a block's own bytes answer. */
export const subscriptionFields = [
  'spaces',
  'authors',
  'kinds',
  'tagsAll',
  'tagsAny',
  'language',
  'fromMs',
  'toMs',
] as const satisfies readonly (keyof Filter)[];

/** Blocks that a node keeps: all that is said holds. */
export type Subscription = Pick<Filter, (typeof subscriptionFields)[number]> & {
  /** Stamped inside one of these. */
  readonly places?: readonly Place[];
};

/** What a node keeps of what others bring: whatever one of these describes, and acts (`isCovered`). Undefined: everything. */
export type Coverage = readonly Subscription[] | undefined;

export const coverageLimits = {
  subscriptions: 32,
  places: 32,
  /** As it travels in a hello. */
  bytes: 4096,
} as const;

/** What of a block decides whether it is covered; `place` is looked at only where places are named. */
export interface Covered extends Facts {
  readonly place?: Pick<ObserverLocation, 'lat' | 'lon'> | undefined;
}

/** Kinds that undo something, whatever it is that they undo; both are small. */
const UNDOING: readonly string[] = ['retract/1', 'rotate/1'];

/**
 * A coverage as something that can be asked. Besides what it describes it takes acts, which change what other blocks mean
 * and stand in headers: retractions and rotations all, new versions (`supersedes`) by whomever and since when it asks for.
 * A function of the block's own bytes, so that all nodes agree on what a node wants.
 */
export function coverageTest(coverage: Coverage): (block: Covered) => boolean {
  if (coverage === undefined) return () => true;
  const asked = coverage.map((subscription) => {
    const { places, ...filter } = subscription;
    const { authors, fromMs } = filter;
    const ofVersions = { ...(authors && { authors }), ...(fromMs === undefined ? {} : { fromMs }) };
    return { places, tests: testsOf(filter), versions: testsOf(ofVersions) };
  });
  return (block) => {
    const { kind, refs } = block.entry;
    if (UNDOING.includes(kind)) return true;
    const isVersion = refs.some(({ rel }) => rel === 'supersedes');
    return asked.some(
      ({ places, tests, versions }) => (isVersion && passes(block, versions)) || isAsked(block, tests, places),
    );
  };
}

function isAsked(block: Covered, tests: readonly Test[], places: readonly Place[] | undefined): boolean {
  return passes(block, tests) && (places === undefined || places.some((place) => lies(block.place, place)));
}

function lies(point: Covered['place'], { south, north, west, east }: Place): boolean {
  if (point === undefined || point.lat < south || point.lat > north) return false;
  return west <= east ? point.lon >= west && point.lon <= east : point.lon >= west || point.lon <= east;
}

/** Does it ask where blocks were stamped? */
export function asksPlaces(coverage: Coverage): boolean {
  return coverage?.some(({ places }) => places !== undefined) === true;
}

/** The same text for the same coverage. */
export function coverageKey(coverage: Coverage): string {
  if (coverage === undefined) return '*';
  let key = keys.get(coverage);
  if (key === undefined) keys.set(coverage, (key = toHex(coverageBytes(coverage))));
  return key;
}
/** It is asked for with every look at what peers pass on. */
const keys = new WeakMap<NonNullable<Coverage>, string>();

export function coverageBytes(coverage: NonNullable<Coverage>): Uint8Array {
  return encode(coverage as unknown as Value);
}

/** Takes a coverage from outside: closed and bounded. @throws CosmicError request.malformed with the field's name */
export function readCoverage(value: unknown): readonly Subscription[] {
  if (!Array.isArray(value) || value.length > coverageLimits.subscriptions)
    throw malformed('', `expected a list of at most ${coverageLimits.subscriptions} subscriptions`);
  return value.map((one, i) => readSubscription(one, i));
}

function readSubscription(value: unknown, i: number): Subscription {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${i}`, 'expected a map');
  const { places, ...filter } = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(filter).find((key) => !subscriptionFields.some((field) => field === key));
  if (unknown !== undefined)
    throw malformed(`${i}.${unknown.slice(0, 80)}`, `one of ${subscriptionFields.join(', ')}, places`);
  let read: Subscription;
  try {
    read = readFilter(filter);
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    throw malformed(`${i}`, error.detail.replace(/^filter\.?/, ''));
  }
  return places === undefined ? read : { ...read, places: readPlaces(places, i) };
}

function readPlaces(value: unknown, i: number): Place[] {
  if (!Array.isArray(value) || value.length > coverageLimits.places)
    throw malformed(`${i}.places`, `expected at most ${coverageLimits.places} rectangles`);
  return value.map((one) => {
    const { south, north, west, east, ...more } = (one ?? {}) as Readonly<Record<string, unknown>>;
    const within = (edge: unknown, most: number): edge is number =>
      Number.isSafeInteger(edge) && Math.abs(edge as number) <= most * 1e6;
    if (
      !(within(south, 90) && within(north, 90) && within(west, 180) && within(east, 180)) ||
      Object.keys(more).length > 0
    )
      throw malformed(`${i}.places`, 'expected {south, north, west, east} in microdegrees');
    return { south, north, west, east };
  });
}

/** A coverage for people: `any of: space …, tag a or b, since …`. */
export function coverageText(coverage: Coverage): string {
  if (coverage === undefined) return 'everything';
  if (coverage.length === 0) return 'nothing of others';
  return coverage.map(subscriptionText).join('; or ');
}

function subscriptionText({ places, ...filter }: Subscription): string {
  const parts = subscriptionFields.flatMap((key) => {
    const value = filter[key];
    if (value === undefined) return [];
    const { name } = filterFields[key];
    const said = Array.isArray(value) ? value.join(key === 'tagsAll' ? ' and ' : ' or ') : String(value);
    return [
      key === 'fromMs' || key === 'toMs' ? `${name} ${new Date(value as number).toISOString()}` : `${name} ${said}`,
    ];
  });
  if (places !== undefined) parts.push(`in ${places.length === 1 ? 'one place' : `${places.length} places`}`);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

function malformed(place: string, detail: string): CosmicError {
  return new CosmicError('request.malformed', `coverage${place === '' ? '' : `.${place}`}: ${detail}`);
}
