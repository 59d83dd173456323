import type { Place } from '@cosmicembeddings/sdk/sky';
import { placeOfDegrees, timeFlag, type Degrees } from './commands/sky.js';
import { UsageError } from './output.js';
import type { Settings } from './settings.js';

export interface MomentFlags extends Degrees {
  readonly at?: string | undefined;
}

/** Claimed time and place: flags, else the configured place, else none. */
export function momentOf(
  flags: MomentFlags,
  settings: Settings,
): { timeMs: number | undefined; place: Place | undefined } {
  const { elevation, grid } = flags;
  if ((elevation ?? grid) !== undefined && (flags.latitude ?? flags.longitude ?? settings.place) === undefined)
    throw new UsageError('--elevation and --grid say more of a place; give --latitude and --longitude');
  const given = flags.latitude !== undefined || flags.longitude !== undefined;
  const place = given
    ? placeOfDegrees(flags)
    : settings.place === undefined
      ? undefined
      : placeOfDegrees({
          ...settings.place,
          ...(elevation === undefined ? {} : { elevation }),
          ...(grid === undefined ? {} : { grid }),
        });
  return { timeMs: flags.at === undefined ? undefined : timeFlag(flags.at), place };
}
