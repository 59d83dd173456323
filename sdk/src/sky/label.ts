/** `Orion-127.5`: a constellation and degrees to one decimal, rounded half up from microdegrees; 359.95 and above is 0.0. */
export function labelOf(constellation: string, angleE6: number): string {
  return `${constellation}-${tenthsOf(angleE6)}`;
}

/** The constellation of a label whose number is exactly the rounding of `angleE6`; undefined when it is not. */
export function constellationOfLabel(label: string, angleE6: number): string | undefined {
  const ending = `-${tenthsOf(angleE6)}`;
  return label.endsWith(ending) ? label.slice(0, -ending.length) : undefined;
}

function tenthsOf(angleE6: number): string {
  const tenths = Math.floor((angleE6 + 50_000) / 100_000) % 3600;
  return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}
