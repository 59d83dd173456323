import type { CheckedBlock, Source } from '@cosmicembeddings/sdk';
import { readSettings, type SettingSchema } from '../json-schema.js';
import { createBuckets, type Allowance, type Buckets } from './buckets.js';
import type { Refusal } from './admission.js';

/** How much storage whom is given (specs/budgets.md); `policy` says what is taken at all. */
export interface Budgets {
  /** An author whom this node has known for `newMs`, or who publishes from this machine. */
  readonly author: Allowance;
  /** One that it has not. */
  readonly newAuthor: Allowance;
  /** All of those together: keys cost nothing. */
  readonly newAuthors: Allowance;
  /** The same for what comes from this machine: its operator's own import may be large. */
  readonly ownNewAuthors: Allowance;
  /** Blocks that nobody here can read, of whomever: kinds without a plug-in, bodies that fit no schema. */
  readonly unread: Allowance;
  /** One address, or one peer, beyond this machine. */
  readonly source: Allowance;
  /** Everything that comes from beyond this machine. */
  readonly all: Allowance;
  readonly newMs: number;
}

const DAY_MS = 86_400_000;
const [MiB, GiB] = [2 ** 20, 2 ** 30];

/** Generous for one operator's own use, safe for an open node. */
export const defaultBudgets: Budgets = {
  author: { blocks: 5_000_000, bytes: 16 * GiB, perMs: DAY_MS },
  newAuthor: { blocks: 20_000, bytes: 64 * MiB, perMs: DAY_MS },
  newAuthors: { blocks: 200_000, bytes: GiB, perMs: DAY_MS },
  ownNewAuthors: { blocks: 5_000_000, bytes: 16 * GiB, perMs: DAY_MS },
  unread: { blocks: 20_000, bytes: 256 * MiB, perMs: DAY_MS },
  source: { blocks: 200_000, bytes: GiB, perMs: DAY_MS },
  all: { blocks: 2_000_000, bytes: 8 * GiB, perMs: DAY_MS },
  newMs: DAY_MS,
};

export interface BudgetOptions {
  readonly budgets: Budgets;
  /** When this node first kept a block of an author, ms since the epoch; undefined for a stranger. */
  knownSince(author: string): Promise<number | undefined>;
  /** The allowance that an API key has instead of its source's. */
  keyAllowance?(key: string): Allowance | undefined;
  /** Is one of these held back for now? Names: the payer, `author DID`, `authors new|known`. */
  held?(names: readonly string[], nowMs: number): Refusal | undefined;
  /** A sound block of beyond this machine is to be kept, under these names; `kept`: within every budget. */
  onCame?(names: readonly string[], kept: boolean): void;
}

export interface BudgetKeeper {
  /** Is the source itself overdrawn? Asked before a block is looked at: refusing then costs nothing. */
  sourceLacks(source: Source, bytes: number, nowMs: number): Refusal | undefined;
  /** Charges a sound block that is new here, or says why it has to wait; at once where its author was met lately. */
  charge(
    block: Pick<CheckedBlock, 'entry'>,
    bytes: number,
    source: Source,
    nowMs: number,
  ): Promise<Refusal | undefined> | Refusal | undefined;
}

/** One account that a block is charged to. */
interface Charge {
  readonly rule: string;
  readonly key: string;
  readonly allowance: Allowance;
}

const KNOWN_MAX = 100_000;

export function createBudgets(options: BudgetOptions, buckets: Buckets = createBuckets()): BudgetKeeper {
  const { budgets } = options;
  const since = new Map<string, number>();

  const lookUp = async (author: string, nowMs: number): Promise<number> => {
    const found = (await options.knownSince(author)) ?? nowMs;
    since.set(author, found);
    if (since.size > KNOWN_MAX) since.delete(since.keys().next().value!);
    return found;
  };
  const ofSource = (source: Source): Charge[] => {
    const key = source.type === 'http' ? source.key : undefined;
    const own = key === undefined ? undefined : options.keyAllowance?.(key);
    if (own !== undefined) return [{ rule: 'keys', key: `key ${key}`, allowance: own }];
    if (isOwn(source)) return [];
    return [
      { rule: 'budgets.source', key: nameOf(source), allowance: budgets.source },
      { rule: 'budgets.all', key: 'all', allowance: budgets.all },
    ];
  };
  const lacking = (charges: readonly Charge[], bytes: number, nowMs: number): Refusal | undefined => {
    for (const { rule, key, allowance } of charges) {
      const lack = buckets.lacks(key, allowance, { blocks: 1, bytes }, nowMs);
      if (lack === undefined) continue;
      const { of, limit, perMs, retryAtMs } = lack;
      const detail = `${limit} ${of} in ${spoken(perMs)}`;
      if (retryAtMs === undefined) return { rule: `${rule}.${of}`, detail };
      return {
        rule: `${rule}.${of}`,
        detail: `${detail}; come back at ${new Date(retryAtMs).toISOString()}`,
        retryAtMs,
      };
    }
    return undefined;
  };

  const chargeTo = (
    sinceMs: number,
    { entry }: Pick<CheckedBlock, 'entry'>,
    bytes: number,
    source: Source,
    nowMs: number,
  ): Refusal | undefined => {
    const own = isOwn(source);
    const isNew = nowMs - sinceMs < budgets.newMs;
    const author = `author ${entry.author}`;
    const payer = payerOf(source);
    const names = payer === undefined ? [] : [author, `authors ${isNew ? 'new' : 'known'}`];
    const heldBack = options.held?.(names, nowMs);
    if (heldBack !== undefined) {
      options.onCame?.([payer!, ...names], false);
      return heldBack;
    }
    const charges: Charge[] = [
      ...ofSource(source),
      ...(isNew && !own
        ? [{ rule: 'budgets.newAuthor', key: author, allowance: budgets.newAuthor }]
        : [{ rule: 'budgets.author', key: author, allowance: budgets.author }]),
      ...(!isNew
        ? []
        : own
          ? [{ rule: 'budgets.ownNewAuthors', key: 'own new', allowance: budgets.ownNewAuthors }]
          : [{ rule: 'budgets.newAuthors', key: 'new', allowance: budgets.newAuthors }]),
      ...(entry.inert === undefined ? [] : [{ rule: 'budgets.unread', key: 'unread', allowance: budgets.unread }]),
    ];
    const refusal = lacking(charges, bytes, nowMs);
    if (refusal === undefined)
      for (const { key, allowance } of charges) buckets.take(key, allowance, { blocks: 1, bytes }, nowMs);
    if (payer !== undefined) options.onCame?.([payer, ...names], refusal === undefined);
    return refusal;
  };

  return {
    sourceLacks: (source, bytes, nowMs) => {
      const payer = payerOf(source);
      const heldBack = payer === undefined ? undefined : options.held?.([payer], nowMs);
      return heldBack ?? lacking(ofSource(source), bytes, nowMs);
    },
    charge: (block, bytes, source, nowMs) => {
      const kept = since.get(block.entry.author);
      if (kept !== undefined) return chargeTo(kept, block, bytes, source, nowMs);
      return lookUp(block.entry.author, nowMs).then((found) => chargeTo(found, block, bytes, source, nowMs));
    },
  };
}

/** The operator's own: made here, or sent from this machine, or by a peer that the operator chose. */
function isOwn(source: Source): boolean {
  return (source.type !== 'http' && source.type !== 'peer') || source.trusted === true;
}

/** Who answers for what came: an API key, an address or a peer; nobody for what is the operator's own. */
export function payerOf(source: Source): string | undefined {
  if (source.type === 'http' && source.key !== undefined) return `key ${source.key}`;
  return isOwn(source) ? undefined : nameOf(source);
}

function nameOf(source: Source): string {
  if (source.type === 'peer') return `peer ${source.peer}`;
  return `from ${(source.type === 'http' ? source.from : undefined) ?? 'unknown'}`;
}

function spoken(ms: number): string {
  if (ms % DAY_MS === 0) return ms === DAY_MS ? 'a day' : `${ms / DAY_MS} days`;
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

const count = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

export const allowanceSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    blocks: count,
    bytes: { ...count, unit: 'bytes' },
    perMs: { ...count, unit: 'ms', default: DAY_MS },
  },
};

function allowed(name: Exclude<keyof Budgets, 'newMs'>, description: string): SettingSchema {
  return { ...allowanceSchema, default: defaultBudgets[name], description };
}

export const budgetsSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'how much storage whom is given: `blocks` and `bytes` in `perMs` (specs/budgets.md)',
  properties: {
    author: allowed('author', 'an author whom this node has known for `newMs`, or who publishes from this machine'),
    newAuthor: allowed('newAuthor', 'one that it has not'),
    newAuthors: allowed('newAuthors', 'all of those together'),
    ownNewAuthors: allowed('ownNewAuthors', 'the same for what comes from this machine'),
    unread: allowed('unread', 'blocks that nobody here can read, of whomever'),
    source: allowed('source', 'one address, or one peer, beyond this machine'),
    all: allowed('all', 'everything that comes from beyond this machine'),
    newMs: { ...count, unit: 'ms', default: defaultBudgets.newMs, description: 'how long an author is new' },
  },
};

/** Reads budgets as they stand in a configuration; what is left out stays as it is. @throws CosmicError config.malformed */
export function parseBudgets(value: unknown): Budgets {
  return readSettings(budgetsSchema, value, 'budgets');
}
