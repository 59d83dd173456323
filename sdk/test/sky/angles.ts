/** Great-circle separation in arcseconds of two directions given as latitude and longitude in degrees (haversine). */
export function separationArcsec(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const rad = Math.PI / 180;
  const h =
    Math.sin(((lat2 - lat1) * rad) / 2) ** 2 +
    Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2;
  return ((2 * Math.asin(Math.sqrt(Math.min(1, h)))) / rad) * 3600;
}

/**
 * Elevation as Horizons writes it from the airless one, degrees: Sæmundsson's formula (Meeus, Astronomical Algorithms,
 * 16.4), held at its value for −1° below that.
 */
export function refractedByHorizons(elevationDeg: number): number {
  const h = Math.max(elevationDeg, -1);
  return elevationDeg + 1.02 / Math.tan(((h + 10.3 / (h + 5.11)) * Math.PI) / 180) / 60;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
