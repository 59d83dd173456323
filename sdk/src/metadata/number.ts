/**
 * Numbers without floats: blocks carry none (specs/codec.md), so a fraction travels as the decimal text that ECMAScript
 * and RFC 8785 print for it, the shortest that reads back to the same double.
 */
const FRACTION = /^-?(?:(?:0|[1-9]\d*)\.\d*[1-9]|[1-9](?:\.\d*[1-9])?e-[1-9]\d*)$/;

/** @returns the canonical text of a finite double that is no whole number, e.g. `0.5`, `-12.25`, `1e-7` (at most 25 bytes). */
export function fractionText(value: number): string {
  return String(value);
}

/** The double that canonical text stands for; undefined for any other spelling, a whole number or what no double prints. */
export function fractionOf(text: string): number | undefined {
  if (text.length > 25 || !FRACTION.test(text)) return undefined;
  const value = Number(text);
  return !Number.isInteger(value) && String(value) === text ? value : undefined;
}
