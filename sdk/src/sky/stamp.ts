import { toHex, utf8 } from '../bytes.js';
import { sha256 as portableSha256, type Sha256 } from '../crypto/hash.js';
import { bodyNames, skyVersion } from './constants.js';
import { constellationNames, constellationName } from './ephemeris/constellation.js';
import { constellationOfLabel } from './label.js';
import type { Observation } from './observe.js';
import { brightStars, type Star } from './stars/catalogue.js';

/** The label's star: name, altitude and azimuth in microdegrees. */
export type StampedStar = readonly [name: string, altitudeE6: number, azimuthE6: number];

/**
 * `cosmic_signature` of a header (specs/sky.md): integers and text, at most 200 bytes of CBOR. Over a place `altaz`, without
 * one `radec`: two microdegree integers a body in `bodyNames` order. `star` stands there when a star gives the label.
 */
export type CosmicSignature = {
  readonly version: typeof skyVersion;
  readonly label: string;
  readonly hash: string;
} & (
  | { readonly altaz: readonly number[]; readonly star?: StampedStar; readonly radec?: never }
  | { readonly radec: readonly number[]; readonly star?: never; readonly altaz?: never }
);

/** The compact stamp of an observation. */
export function stampOf(observation: Observation): CosmicSignature {
  const { bodies, label, labelOf: source } = observation;
  if (observation.place === undefined) {
    const radec = bodyNames.flatMap((name) => [bodies[name].raE6, bodies[name].decE6]);
    return { version: skyVersion, radec, label, hash: hashOf('radec', radec) };
  }
  const altaz = bodyNames.flatMap((name) => [bodies[name].altitudeE6!, bodies[name].azimuthE6!]);
  const seen = source === 'sun' ? undefined : observation.stars.find((star) => star.name === source);
  if (seen === undefined) return { version: skyVersion, altaz, label, hash: hashOf('altaz', altaz) };
  const star: StampedStar = [seen.name, seen.altitudeE6!, seen.azimuthE6!];
  return { version: skyVersion, altaz, star, label, hash: hashOf('altaz', [...altaz, star[1], star[2]]) };
}

const PREFIXES = { altaz: utf8(`${skyVersion}/altaz`), radec: utf8(`${skyVersion}/radec`) } as const;

/**
 * A short name for a stamp: the first 8 bytes, in hexadecimal, of SHA-256 over `sky/1/altaz` or `sky/1/radec` and then
 * each integer of the stamp as 4 bytes, big-endian, two's complement.
 */
export function hashOf(frame: 'altaz' | 'radec', integers: readonly number[], sha256: Sha256 = portableSha256): string {
  const prefix = PREFIXES[frame];
  const bytes = new Uint8Array(prefix.length + 4 * integers.length);
  bytes.set(prefix);
  const view = new DataView(bytes.buffer);
  integers.forEach((integer, index) => view.setInt32(prefix.length + 4 * index, integer));
  return toHex(sha256(bytes).subarray(0, 8));
}

/** A stamp whose shape, ranges, label number and hash are right; whether the sky was so is another question. */
export interface ReadStamp {
  readonly frame: 'altaz' | 'radec';
  /** 18 integers. */
  readonly integers: readonly number[];
  readonly star?: { readonly star: Star; readonly altitudeE6: number; readonly azimuthE6: number };
  /** Full name of the constellation in the label. */
  readonly constellation: string;
}

/** Strict reading; a string says what is malformed. */
export function readStamp(value: unknown, hasPlace: boolean, sha256?: Sha256): ReadStamp | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'cosmic_signature: expected a map';
  const { version, label, hash, star, ...rest } = value as Record<string, unknown>;
  if (version !== skyVersion) return `version: expected ${skyVersion}`;
  const frame = hasPlace ? 'altaz' : 'radec';
  const { [frame]: integers, ...unknown } = rest;
  for (const key in unknown)
    return key === 'altaz' || key === 'radec'
      ? `${key}: the header has ${hasPlace ? 'a' : 'no'} place, so ${frame} has to stand here`
      : `${key}: unknown key`;
  const fault = integersFault(frame, integers);
  if (fault !== undefined) return fault;
  const list = integers as readonly number[];
  const seen = 'star' in value ? readStar(star, hasPlace) : undefined;
  if (typeof seen === 'string') return seen;
  const constellation = readLabel(label, list, hasPlace, seen);
  if (constellation === undefined) return `label: does not fit the stamp’s own integers`;
  const expected = hashOf(frame, seen === undefined ? list : [...list, seen.altitudeE6, seen.azimuthE6], sha256);
  if (hash !== expected) return `hash: expected ${expected}`;
  return { frame, integers: list, constellation, ...(seen === undefined ? {} : { star: seen }) };
}

function readLabel(
  label: unknown,
  integers: readonly number[],
  hasPlace: boolean,
  seen: ReadStamp['star'],
): string | undefined {
  if (typeof label !== 'string') return undefined;
  const angleE6 = seen !== undefined ? seen.azimuthE6 : hasPlace ? integers[1]! : integers[2]!;
  const constellation = constellationOfLabel(label, angleE6);
  if (constellation === undefined || !constellationNames.has(constellation)) return undefined;
  return seen !== undefined && constellationName(seen.star.constellation) !== constellation ? undefined : constellation;
}

function readStar(value: unknown, hasPlace: boolean): NonNullable<ReadStamp['star']> | string {
  if (!hasPlace) return 'star: a geocentric stamp has none';
  if (!Array.isArray(value) || value.length !== 3) return 'star: expected [name, altitude, azimuth]';
  const [name, altitudeE6, azimuthE6] = value as readonly unknown[];
  const star = brightStars.find((candidate) => candidate.name === name);
  if (star === undefined) return 'star: not one of the list’s stars of magnitude 2.00 or brighter';
  if (!isLatitude(altitudeE6) || !isLongitude(azimuthE6)) return 'star: altitude or azimuth is no integer in range';
  return { star, altitudeE6, azimuthE6 };
}

function integersFault(frame: 'altaz' | 'radec', value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length !== 2 * bodyNames.length)
    return `${frame}: expected ${2 * bodyNames.length} integers`;
  for (let body = 0; body < bodyNames.length; body++) {
    const latitude: unknown = value[frame === 'altaz' ? 2 * body : 2 * body + 1];
    const longitude: unknown = value[frame === 'altaz' ? 2 * body + 1 : 2 * body];
    if (!isLatitude(latitude) || !isLongitude(longitude)) return `${frame}: ${bodyNames[body]!} is no integer in range`;
  }
  return undefined;
}

function isLatitude(value: unknown): value is number {
  return Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value as number) <= 90_000_000;
}

function isLongitude(value: unknown): value is number {
  return Number.isInteger(value) && !Object.is(value, -0) && (value as number) >= 0 && (value as number) < 360_000_000;
}
