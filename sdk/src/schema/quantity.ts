const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** A decimal number, all of the text but blanks around it; undefined for anything else. */
export function decimalOf(text: string): number | undefined {
  return DECIMAL.test(text.trim()) ? Number(text) : undefined;
}

/** A whole number without leading zeros, at most 2^53−1; undefined for anything else. */
export function wholeOf(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a whole number from 1 on with its unit, such as 250ms, 90s, 30m, 12h, 7d; undefined for anything else. */
export function durationMsOf(text: string): number | undefined {
  return quantity(text, UNITS_MS);
}

const UNITS_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of a whole number from 1 on with its unit, such as 500kB, 64MiB, 20GB (IEC 80000-13); undefined for anything else. */
export function sizeBytesOf(text: string): number | undefined {
  return quantity(text, UNITS_BYTES);
}

function quantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^([1-9]\d{0,8})([A-Za-z]{1,3})$/.exec(text);
  if (match === null || !Object.hasOwn(units, match[2]!)) return undefined;
  const value = Number(match[1]) * units[match[2]!]!;
  return Number.isSafeInteger(value) ? value : undefined;
}
