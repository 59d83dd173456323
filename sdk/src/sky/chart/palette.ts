import { short } from './svg.js';

export type Theme = 'light' | 'dark' | 'auto';

/** Colours of one drawing; every value can stand in an attribute of `element`. */
export interface Palette {
  readonly page: string;
  readonly ink: string;
  readonly softInk: string;
  readonly gold: string;
  readonly zenith: string;
  readonly horizon: string;
  /** The light where the Sun is near the horizon, outwards. */
  readonly glow: string;
  readonly afterglow: string;
  readonly blush: string;
  readonly glowOpacity: string;
  /** The side of the Moon that the Sun does not light. */
  readonly moonShade: string;
  readonly starOpacity: string;
  readonly lineOpacity: string;
  readonly milkyOpacity: string;
}

type Rgb = readonly [number, number, number];
interface Tint {
  readonly sunDeg: number;
  readonly zenith: Rgb;
  readonly horizon: Rgb;
}

const rgb = (hex: string): Rgb => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
const tint = (sunDeg: number, zenith: string, horizon: string): Tint => ({
  sunDeg,
  zenith: rgb(zenith),
  horizon: rgb(horizon),
});

/** The sky's colours over the Sun's altitude: night, the twilights, low Sun, high Sun. */
const tints = {
  dark: [
    tint(-18, '#0a1026', '#131d40'),
    tint(-12, '#0d1634', '#1f2f60'),
    tint(-6, '#16264f', '#3d4f86'),
    tint(-0.8, '#24447c', '#7286ad'),
    tint(10, '#235592', '#6c9bc6'),
    tint(45, '#1f5c9f', '#5f9ccd'),
  ],
  light: [
    tint(-18, '#141c40', '#26356d'),
    tint(-12, '#18244f', '#354b8a'),
    tint(-6, '#243c72', '#6278ae'),
    tint(-0.8, '#3d6aa8', '#a9b9d3'),
    tint(10, '#3f82c4', '#a9d0ea'),
    tint(45, '#3d8bd2', '#a5d6f3'),
  ],
} as const;

const glows = {
  low: { glow: '#ffc078', afterglow: '#f58b54', blush: '#c9648c' },
  high: { glow: '#fff4d2', afterglow: '#fff0cf', blush: '#ffffff' },
} as const;
const nightShade = '#2b3354';

/** Deep space, for a sky without a place. */
const space = { dark: ['#0b0d1f', '#171733'], light: ['#171a38', '#2a2c5c'] } as const;

const papers = {
  dark: { page: '#080b17', ink: '#e9e4d6', softInk: '#8f95ab', gold: '#c8a766' },
  light: { page: '#f8f4ea', ink: '#232a45', softInk: '#7b7a80', gold: '#a8823b' },
} as const;

export function paletteOf(theme: 'light' | 'dark', sunAltitudeDeg: number | undefined): Palette {
  const paper = papers[theme];
  if (sunAltitudeDeg === undefined) {
    const [zenith, horizon] = space[theme];
    return {
      ...paper,
      zenith,
      horizon,
      ...glows.low,
      glowOpacity: '0',
      moonShade: nightShade,
      starOpacity: '1',
      lineOpacity: '0.42',
      milkyOpacity: '1',
    };
  }
  const [zenith, horizon] = between(tints[theme], sunAltitudeDeg);
  const day = ramp(sunAltitudeDeg, -12, 2);
  return {
    ...paper,
    zenith,
    horizon,
    ...(sunAltitudeDeg > 6 ? glows.high : glows.low),
    moonShade: sunAltitudeDeg > -4 ? zenith : nightShade,
    glowOpacity: short(glowOf(sunAltitudeDeg)),
    starOpacity: short(1 - 0.62 * day),
    lineOpacity: short(0.42 - 0.2 * day),
    milkyOpacity: short(1 - ramp(sunAltitudeDeg, -18, -8)),
  };
}

/** CSS that sets both palettes as variables of one class, and the palette that reads them. */
export function autoPalette(
  id: string,
  sunAltitudeDeg: number | undefined,
): { readonly css: string; readonly palette: Palette } {
  const light = paletteOf('light', sunAltitudeDeg);
  const declarations = (palette: Palette) =>
    Object.entries(palette)
      .map(([key, value]) => `--${id}-${key}:${value as string}`)
      .join(';');
  const css = `.${id}{${declarations(light)}}@media(prefers-color-scheme:dark){.${id}{${declarations(paletteOf('dark', sunAltitudeDeg))}}}`;
  return {
    css,
    palette: Object.fromEntries(Object.keys(light).map((key) => [key, `var(--${id}-${key})`])) as unknown as Palette,
  };
}

/** 0 below `from`, 1 above `to`. */
function ramp(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}

/** Strength of the light over the Sun's azimuth: rises through twilight, is strongest at sunrise, fades by day. */
function glowOf(sunDeg: number): number {
  return 0.85 * ramp(sunDeg, -17, -2) * (1 - 0.65 * ramp(sunDeg, 0, 12));
}

function between(list: readonly Tint[], sunDeg: number): [string, string] {
  const clamped = Math.min(list.at(-1)!.sunDeg, Math.max(list[0]!.sunDeg, sunDeg));
  const after = list.findIndex((entry) => entry.sunDeg >= clamped);
  const upper = list[after]!;
  const lower = list[Math.max(0, after - 1)]!;
  const share = upper === lower ? 0 : (clamped - lower.sunDeg) / (upper.sunDeg - lower.sunDeg);
  return [hex(lower.zenith, upper.zenith, share), hex(lower.horizon, upper.horizon, share)];
}

function hex(a: Rgb, b: Rgb, share: number): string {
  return `#${a
    .map((value, i) =>
      Math.round(value + (b[i]! - value) * share)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
