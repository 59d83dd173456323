import type { Code } from '../errors.js';

/**
 * A place on or above the Earth: microdegrees north and east (WGS 84), millimetres above the ellipsoid. `grid`, in microdegrees,
 * says that latitude and longitude were coarsened to its multiples; the sky is computed *at* the coarsened place.
 */
export type Place = { readonly lat: number; readonly lon: number; readonly elevation: number; readonly grid?: number };

const latMaxE6 = 90_000_000;
const lonMaxE6 = 180_000_000;
const elevationMinMm = -12_000_000;
const elevationMaxMm = 1_000_000_000;
const kilometreMm = 1_000_000;

/** What is wrong with a place, in words; undefined when it is sound. Strict: integers only, no unknown keys. */
export function placeFault(place: unknown): string | undefined {
  if (typeof place !== 'object' || place === null || Array.isArray(place)) return 'observer_location: expected a map';
  const { lat, lon, elevation, grid, ...unknown } = place as Record<string, unknown>;
  for (const key in unknown) return `observer_location.${key}: unknown key`;
  return (
    outside('lat', lat, -latMaxE6, latMaxE6) ??
    outside('lon', lon, -lonMaxE6, lonMaxE6) ??
    outside('elevation', elevation, elevationMinMm, elevationMaxMm) ??
    ('grid' in place ? gridFault(lat as number, lon as number, grid) : undefined)
  );
}

/** The code of the refusal; undefined for a sound place. */
export function checkPlace(place: unknown): Code | undefined {
  return placeFault(place) === undefined ? undefined : 'sky.place_invalid';
}

/**
 * The nearest place whose latitude and longitude are multiples of `gridE6` microdegrees and in range; the elevation is
 * rounded to whole kilometres, for it would give the place away. 1,000,000 is a grid of about 100 km.
 * @throws RangeError for a grid that is no integer of 1–90,000,000
 */
export function coarsen(place: Place, gridE6: number): Place {
  const fault = outside('grid', gridE6, 1, latMaxE6);
  if (fault !== undefined) throw new RangeError(fault);
  return {
    lat: nearestMultiple(place.lat, gridE6, latMaxE6),
    lon: nearestMultiple(place.lon, gridE6, lonMaxE6),
    elevation: nearestMultiple(place.elevation, kilometreMm, elevationMaxMm),
    grid: gridE6,
  };
}

/** For people: `48.137° N 11.575° E, 520 m`, with the grid when there is one; `geocentric, no place` without a place. */
export function placeText(place: Place | undefined): string {
  if (place === undefined) return 'geocentric, no place';
  const half = (valueE6: number, positive: string, negative: string): string =>
    `${(Math.abs(valueE6) / 1e6).toFixed(place.grid === undefined ? 3 : 2)}° ${valueE6 < 0 ? negative : positive}`;
  const metres = Math.round(place.elevation / 1000);
  const grid = place.grid === undefined ? '' : ` (to ${String(place.grid / 1e6)}°)`;
  return `${half(place.lat, 'N', 'S')} ${half(place.lon, 'E', 'W')}${metres === 0 ? '' : `, ${metres} m`}${grid}`;
}

function nearestMultiple(value: number, step: number, max: number): number {
  const nearest = Math.round(value / step);
  const most = Math.floor(max / step);
  return Math.min(most, Math.max(-most, nearest)) * step + 0;
}

function outside(name: string, value: unknown, min: number, max: number): string | undefined {
  if (!Number.isInteger(value) || Object.is(value, -0)) return `observer_location.${name}: expected an integer`;
  if ((value as number) < min || (value as number) > max)
    return `observer_location.${name}: ${String(value)} is not within ${min}…${max}`;
  return undefined;
}

function gridFault(lat: number, lon: number, grid: unknown): string | undefined {
  const fault = outside('grid', grid, 1, latMaxE6);
  if (fault !== undefined) return fault;
  if (lat % (grid as number) !== 0 || lon % (grid as number) !== 0)
    return `observer_location: lat and lon have to be multiples of the grid, ${String(grid)}`;
  return undefined;
}
