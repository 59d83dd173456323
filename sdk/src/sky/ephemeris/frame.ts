/**
 * The geocentric sky at one moment, from which every place's sky follows by one rotation and one subtraction. Vectors are
 * in the J2000 mean equator and equinox (EQJ). Owned by whoever made it; readers do not write to it.
 */
export interface Frame {
  /** Nine apparent positions (light time and aberration included) in AU: x, y, z of each body in `bodyNames` order. */
  readonly bodies: Float64Array;
  /** Rotation EQJ → true equator and equinox of date, rows of a 3×3 matrix. */
  readonly toDate: Float64Array;
  /** The Earth's velocity in units of the speed of light: bends starlight (aberration). */
  readonly velocity: Float64Array;
  /** Greenwich apparent sidereal time minus the Earth rotation angle's linear form, radians; see `siderealRad`. */
  siderealOffsetRad: number;
}

export function emptyFrame(): Frame {
  return {
    bodies: new Float64Array(27),
    toDate: new Float64Array(9),
    velocity: new Float64Array(3),
    siderealOffsetRad: 0,
  };
}

/** Days (UT) since 2000-01-01T12:00Z. */
export function daysOf(timeMs: number): number {
  return (timeMs - 946_728_000_000) / 86_400_000;
}

/** Earth rotation angle (IERS Conventions 2010, 5.15) with UT1 taken as UTC, radians in [0, 2π). */
export function earthRotationRad(days: number): number {
  const turns = 0.779057273264 + 0.00273781191135448 * days + (days % 1);
  return (turns - Math.floor(turns)) * 2 * Math.PI;
}

/** Greenwich apparent sidereal time, radians (not reduced). */
export function siderealRad(frame: Frame, days: number): number {
  return earthRotationRad(days) + frame.siderealOffsetRad;
}
