import { CosmicError, type BlockId, type EraseReason } from '@cosmicembeddings/sdk';
import type { Row, Value } from '../store/sqlite/driver.js';
import type { StoreReader } from '../store/sqlite/index.js';
import { bytesOf, idOf } from '../store/sqlite/rows.js';

/** Limits for some of the blocks; every one that is given holds. */
export interface Keeping {
  /** Counted from when this node first saw the block: the author's own time is only claimed. */
  readonly maxAgeMs?: number;
  /** Of envelopes and bodies together; the oldest seen go first. */
  readonly maxBytes?: number;
}

/** What this operator keeps for how long. `authors` and `tags` add limits of their own; `keepTags` are never erased. */
export interface RetentionRules extends Keeping {
  readonly authors?: Readonly<Record<string, Keeping>>;
  readonly tags?: Readonly<Record<string, Keeping>>;
  readonly keepTags?: readonly string[];
}

/** What has to go: ids by reason, in the order in which they were seen. Nothing is erased by planning. */
export interface RetentionPlan {
  readonly erase: readonly {
    readonly id: BlockId;
    readonly reason: EraseReason;
    readonly rule: string;
    readonly bytes: number;
  }[];
  readonly bytes: number;
}

/** Plans what the rules ask to erase now. Bodies go, headers stay. */
export function planRetention(reader: StoreReader, rules: RetentionRules, nowMs: number): RetentionPlan {
  const { names, database } = reader;
  const planned = new Map<number, RetentionPlan['erase'][number]>();
  const kept = new Set((rules.keepTags ?? []).flatMap((tag) => blocksWith(reader, tag)));
  const apply = (keeping: Keeping, where: string, values: readonly Value[], rule: string): void => {
    const rows = database
      .prepare(
        `SELECT b.id, b.digest, b.python, b.first_seen, length(y.envelope) + coalesce(length(y.body), 0) AS bytes
        FROM blocks b JOIN bytes y ON y.block = b.id WHERE b.erased IS NULL AND b.header_only = 0 ${where} ORDER BY b.first_seen DESC, b.id DESC`,
      )
      .all(...values);
    let total = 0;
    for (const row of rows) {
      const id = row['id'] as number;
      if (planned.has(id) || kept.has(id)) continue;
      const bytes = row['bytes'] as number;
      const tooOld = keeping.maxAgeMs !== undefined && nowMs - (row['first_seen'] as number) > keeping.maxAgeMs;
      const tooMuch = keeping.maxBytes !== undefined && total + bytes > keeping.maxBytes;
      if (tooOld) planned.set(id, item(row, 'retention', `${rule}maxAgeMs`, bytes));
      else if (tooMuch) planned.set(id, item(row, 'quota', `${rule}maxBytes`, bytes));
      else total += bytes;
    }
  };
  for (const [author, keeping] of Object.entries(rules.authors ?? {}))
    apply(keeping, 'AND b.author = ?', [names.id(author) ?? -1], `authors.${author}.`);
  for (const [tag, keeping] of Object.entries(rules.tags ?? {}))
    apply(keeping, 'AND b.id IN (SELECT block FROM tags WHERE tag = ?)', [names.id(tag) ?? -1], `tags.${tag}.`);
  if (rules.maxAgeMs !== undefined || rules.maxBytes !== undefined) apply(rules, '', [], '');
  const erase = [...planned].sort(([a], [b]) => a - b).map(([, one]) => one);
  return { erase, bytes: erase.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function item(row: Row, reason: EraseReason, rule: string, bytes: number): RetentionPlan['erase'][number] {
  return { id: idOf(row['python'] === 1, bytesOf(row['digest'])), reason, rule, bytes };
}

function blocksWith({ database, names }: StoreReader, tag: string): number[] {
  return database
    .prepare('SELECT block FROM tags WHERE tag = ?')
    .all(names.id(tag) ?? -1)
    .map((row) => row['block'] as number);
}

/** Checks the shape of rules as they stand in a configuration. @throws CosmicError config.malformed */
export function parseRetention(value: unknown): RetentionRules {
  const bad = (what: string): never => {
    throw new CosmicError('config.malformed', `retention${what}`);
  };
  const keeping = (rule: unknown, path: string, also: readonly string[] = []): void => {
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return bad(`${path}: expected an object`);
    for (const [key, limit] of Object.entries(rule)) {
      if (also.includes(key)) continue;
      if (key !== 'maxAgeMs' && key !== 'maxBytes')
        bad(`${path}.${key}: unknown; known: maxAgeMs, maxBytes${also.map((name) => `, ${name}`).join('')}`);
      if (!Number.isSafeInteger(limit) || (limit as number) < 0) bad(`${path}.${key}: expected a whole number`);
    }
  };
  keeping(value, '', ['authors', 'tags', 'keepTags']);
  const { authors = {}, tags = {}, keepTags = [] } = value as { authors?: unknown; tags?: unknown; keepTags?: unknown };
  for (const [name, group] of [
    ['authors', authors],
    ['tags', tags],
  ] as const) {
    if (typeof group !== 'object' || group === null || Array.isArray(group)) bad(`.${name}: expected an object`);
    for (const [key, rule] of Object.entries(group as object)) keeping(rule, `.${name}.${key}`);
  }
  if (!Array.isArray(keepTags) || !keepTags.every((tag) => typeof tag === 'string'))
    bad('.keepTags: expected a list of texts');
  return value as RetentionRules;
}
