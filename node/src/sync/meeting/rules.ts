import { readSettings, type SettingSchema } from '../../json-schema.js';
import { BEACON_PORT } from './beacon.js';
import { namedRanges, type Range } from './ranges.js';

/** How a node finds others. */
export interface MeetingRules {
  readonly exchange: boolean;
  readonly lan: boolean;
  readonly lanPort: number;
  readonly ranges: readonly Range[];
  readonly outbound: number;
}

/** The setting `meeting`. */
export const meetingSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'how nodes are found that nobody named',
  properties: {
    exchange: {
      type: 'boolean',
      default: true,
      description: 'ask peers for addresses, and tell them its own and public ones of others',
    },
    lan: {
      type: 'boolean',
      default: false,
      description: 'say in local networks that it is here, and listen to others',
    },
    lanPort: { type: 'integer', minimum: 1, maximum: 65_535, default: BEACON_PORT, description: 'UDP port of that' },
    ranges: {
      type: 'array',
      items: { type: 'string', enum: namedRanges },
      description:
        'besides public ones, addresses of these ranges are dialled by hearsay; with `lan` private and link-local ones unless given',
    },
    outbound: {
      type: 'integer',
      minimum: 0,
      maximum: 64,
      default: 8,
      description: 'nobody is dialled by hearsay while so many are dialled',
    },
  },
};

/** @throws CosmicError config.malformed */
export function meetingOf(value: unknown): MeetingRules {
  const read = readSettings<Omit<MeetingRules, 'ranges'> & { readonly ranges?: readonly Range[] }>(
    meetingSchema,
    value,
    'meeting',
  );
  return { ...read, ranges: read.ranges ?? (read.lan ? ['private', 'link-local'] : []) };
}
