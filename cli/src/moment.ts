import type { Place } from '@cosmicembeddings/sdk/sky';
import { placeOfDegrees, timeOf, type Degrees } from './commands/sky.js';
import type { Settings } from './settings.js';

export interface MomentFlags extends Degrees {
  readonly at?: string | undefined;
}

/** Claimed time and place: flags, else the configured place, else none. */
export function momentOf(
  flags: MomentFlags,
  settings: Settings,
): { timeMs: number | undefined; place: Place | undefined } {
  const given = flags.latitude !== undefined || flags.longitude !== undefined;
  const place = given
    ? placeOfDegrees(flags)
    : settings.place === undefined
      ? undefined
      : placeOfDegrees({ ...settings.place, ...(flags.grid === undefined ? {} : { grid: flags.grid }) });
  return { timeMs: flags.at === undefined ? undefined : timeOf(flags.at), place };
}
