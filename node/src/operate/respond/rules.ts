import { createHash } from 'node:crypto';
import { readSettings, type SettingSchema } from '../../json-schema.js';

/** What is counted, by whom it came. */
export const signals = ['badSignatures', 'authorFlood', 'nearEverything', 'failedLogins', 'peerFaults'] as const;
export type Signal = (typeof signals)[number];

/** What is done about it: told alone, slowed down, or refused; the last two end by themselves and can be undone. */
export type What = 'alert' | 'slow' | 'refuse';

export interface SignalRule {
  /** More than so many within `perMs`. */
  readonly over: number;
  readonly perMs: number;
  /** `off`: what comes is neither told nor recorded. */
  readonly then: What | 'off';
  readonly forMs: number;
  /** Blocks or requests a minute that are left to whom is slowed down. */
  readonly slowTo: number;
}
export type RespondRules = Readonly<Record<Signal, SignalRule>>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const count = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

function rule(description: string, over: number, perMs: number, slowTo: number): SettingSchema {
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    description,
    properties: {
      over: { ...count, default: over, description: 'more than so many within `perMs`' },
      perMs: { ...count, minimum: 15_000, maximum: HOUR_MS, default: perMs, unit: 'ms' },
      then: {
        type: 'string',
        enum: ['off', 'alert', 'slow', 'refuse'],
        default: 'alert',
        description:
          'what is done; more than telling is done only after `cosmic policy replay` has tried this very rule; `off`: nothing, nor is it recorded',
      },
      forMs: {
        ...count,
        minimum: MINUTE_MS,
        maximum: 7 * DAY_MS,
        default: HOUR_MS,
        unit: 'ms',
        description: 'how long; it ends by itself',
      },
      slowTo: { ...count, default: slowTo, description: 'blocks or requests a minute that `slow` leaves' },
    },
  };
}

export const respondSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'what signals of abuse bring about (docs/operators/respond.md)',
  properties: {
    badSignatures: rule('blocks with bad signatures, by address, key or peer', 30, MINUTE_MS, 10),
    authorFlood: rule(
      'blocks of a class of authors beyond this machine: `new` or `known` here',
      20_000,
      10 * MINUTE_MS,
      600,
    ),
    nearEverything: rule('rows that are near everything, by author', 100, HOUR_MS, 1),
    failedLogins: rule('requests with a wrong secret, by address', 20, 10 * MINUTE_MS, 6),
    peerFaults: rule('faults of a peer, by identity or address', 5, 10 * MINUTE_MS, 60),
  },
};

/** Reads rules as they stand in a configuration; what is left out has its default. @throws CosmicError config.malformed */
export function parseRespond(value: unknown): RespondRules {
  return readSettings(respondSchema, readWhole(value), 'respond');
}

/** Each signal has a rule, named or not. */
function readWhole(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return { ...Object.fromEntries(signals.map((signal) => [signal, {}])), ...value };
}

/** Names a rule by all that it says: a changed one is another one. */
export function nameOfRule({ over, perMs, then, forMs, slowTo }: SignalRule): string {
  return createHash('sha256')
    .update(JSON.stringify([over, perMs, then, forMs, slowTo]))
    .digest('hex');
}
