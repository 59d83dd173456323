const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);
const SMALLEST_NORMAL = 2 ** -126;

/**
 * The shortest decimal that reads back to the same float32 (as double, then rounded to single), spelled as JavaScript
 * spells numbers; `-0` keeps its sign. `value`: a finite float32.
 */
export function float32Text(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  // Every decimal of six digits survives a normal float32, so one that reads back in six is the shortest, zeros dropped.
  const fewest = Math.abs(value) < SMALLEST_NORMAL ? 1 : 6;
  for (let digits = fewest; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
    const above = nextAbove(value, text, digits);
    if (above !== undefined) return above;
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * Below a power of two floats lie twice as dense as above it: the nearest decimal of so many digits may fall out below,
 * while the next one above still reads back.
 */
function nextAbove(value: number, text: string, digits: number): string | undefined {
  float[0] = value;
  if ((floatBits[0]! & 0x7fffff) !== 0) return undefined;
  const size = Math.abs(value);
  const unit = 10 ** (Math.floor(Math.log10(size)) + 1 - digits);
  const next = (Math.sign(value) * (Math.abs(Number(text)) + unit)).toPrecision(digits);
  return Math.fround(Number(next)) === value ? String(Number(next)) : undefined;
}
