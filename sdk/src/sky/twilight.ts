export type Twilight = 'day' | 'civil' | 'nautical' | 'astronomical' | 'night';

/** Sunrise of the almanacs: the upper limb on the refracted horizon, 50′ below the airless one. */
const dayAboveE6 = -833_333;

/** From the altitude of the Sun's centre without refraction, microdegrees. */
export function twilightOf(sunAltitudeE6: number): Twilight {
  if (sunAltitudeE6 > dayAboveE6) return 'day';
  if (sunAltitudeE6 > -6_000_000) return 'civil';
  if (sunAltitudeE6 > -12_000_000) return 'nautical';
  if (sunAltitudeE6 > -18_000_000) return 'astronomical';
  return 'night';
}
