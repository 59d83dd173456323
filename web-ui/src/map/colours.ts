/**
 * Five classes and *other*, each of at least 3 : 1 to the paper and apart from the others for protan, deutan and tritan sight; and
 * cividis (Nuñez, Anderton, Renslow 2018) for what has an order, without its end that would be lost on the paper.
 */
const classes = {
  light: ['#4188b6', '#244806', '#722d8d', '#8a5f18', '#92194f'],
  dark: ['#bc8f4d', '#44e1f9', '#4c99f8', '#c4473a', '#c0d772'],
} as const;
const other = { light: '#8b8672', dark: '#6b7290' } as const;
const cividis = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
];
const ordered = { light: cividis.slice(0, 8), dark: cividis.slice(3) } as const;

export type Theme = keyof typeof classes;
export const CLASSES = 5;

export function classColour(theme: Theme, code: number): string {
  return code >= 1 && code <= CLASSES ? classes[theme][code - 1]! : other[theme];
}

/** Of a part from 0 to 1. */
export function orderColour(theme: Theme, part: number): string {
  const [r, g, b] = orderRgb(theme, part);
  return `rgb(${r} ${g} ${b})`;
}

/** 256 × RGBA: the colour of each code. */
export function paletteOf(theme: Theme, by: 'class' | 'order'): Uint8Array {
  const out = new Uint8Array(1024);
  for (let code = 0; code < 256; code++) {
    const rgb = by === 'order' ? orderRgb(theme, code / 255) : rgbOf(classColour(theme, code));
    out.set([...rgb, 255], 4 * code);
  }
  return out;
}

export function rgbOf(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function orderRgb(theme: Theme, part: number): [number, number, number] {
  const stops = ordered[theme];
  const at = Math.min(1, Math.max(0, part)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const [a, b] = [rgbOf(stops[i]!), rgbOf(stops[i + 1]!)];
  return a.map((x, channel) => Math.round(x + (b[channel]! - x) * (at - i))) as [number, number, number];
}
