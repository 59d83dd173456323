import { CosmicError } from '@cosmicembeddings/sdk';
import {
  coverageBytes,
  coverageLimits,
  filterFields,
  readCoverage,
  subscriptionFields,
  type Coverage,
} from '@cosmicembeddings/sdk/filter';
import type { SettingSchema } from '../../json-schema.js';

const edge = (most: number): SettingSchema => ({
  type: 'number',
  minimum: -most,
  maximum: most,
  description: 'degrees',
});
const { fromMs: _from, toMs: _to, ...plain } = Object.fromEntries(
  subscriptionFields.map((key) => {
    const { schema, says } = filterFields[key];
    return [key, { ...(schema as unknown as SettingSchema), description: says }];
  }),
);

/** The setting `subscriptions`: fields of a filter, times as dates too, and places in degrees. */
export const subscriptionsSchema: SettingSchema = {
  type: 'array',
  description:
    'what is kept of what peers bring: whatever one of these describes, and what undoes or replaces other blocks; without any, everything. What is published here is kept in any case',
  items: {
    type: 'object',
    additionalProperties: false,
    description: 'all that is said holds',
    properties: {
      ...plain,
      from: { type: 'string', description: 'claimed time from: a date, or a time such as 2026-11-21T22:00:00Z' },
      to: { type: 'string', description: 'claimed time to, exclusive' },
      places: {
        type: 'array',
        description: 'stamped inside one of these rectangles; a west above its east crosses the date line',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['south', 'north', 'west', 'east'],
          properties: { south: edge(90), north: edge(90), west: edge(180), east: edge(180) },
        },
      },
    },
  },
};

interface Written {
  readonly from?: string;
  readonly to?: string;
  readonly places?: readonly Readonly<Record<'south' | 'north' | 'west' | 'east', number>>[];
}

/** @throws CosmicError config.malformed */
export function subscriptionsOf(written: readonly unknown[] | undefined): Coverage {
  if (written === undefined || written.length === 0) return undefined;
  try {
    const coverage = readCoverage(written.map((one) => asItTravels(one as Written)));
    const { length } = coverageBytes(coverage);
    // It stands in a hello, which has 8 KiB.
    if (length > coverageLimits.bytes)
      throw new CosmicError('config.malformed', `subscriptions: ${length} bytes as they travel, at most ${coverageLimits.bytes}`);
    return coverage;
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code === 'config.malformed') throw error;
    throw new CosmicError('config.malformed', error.detail.replace(/^coverage/, 'subscriptions'), { cause: error });
  }
}

function asItTravels({ from, to, places, ...filter }: Written): object {
  const momentOf = (text: string): unknown => filterFields.fromMs.ofTexts([text]);
  return {
    ...filter,
    ...(from === undefined ? {} : { fromMs: momentOf(from) }),
    ...(to === undefined ? {} : { toMs: momentOf(to) }),
    ...(places === undefined
      ? {}
      : {
          places: places.map((place) =>
            Object.fromEntries(Object.entries(place).map(([edge, degrees]) => [edge, Math.round(degrees * 1e6)])),
          ),
        }),
  };
}
