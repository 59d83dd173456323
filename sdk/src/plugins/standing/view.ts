import { isBlockCid, parseCid } from '../../codec/cid.js';
import { bool, checker, list, oneOf, struct, text } from '../../schema/index.js';
import type { Ask, BlockHeader, Db, Row, Touch, View } from '../../views/view.js';
import { handoversOf, isSameIdentity, keysOf, rotatedAwayMs } from '../identities/identity.js';
import { example } from '../example.js';

/** Why a block does not stand, or who says so without effect. */
interface Reason {
  readonly rel: 'retracts' | 'supersedes' | 'rotated_away';
  readonly by?: string;
  readonly author: string;
  /** False for a claim by another identity, or by a key that had been handed over: just a link. */
  readonly acts: boolean;
}

const REASONS_MAX = 1000;
const NEWEST_MAX = 100;

const id = checker(
  (value, path) => (typeof value === 'string' && isId(value) ? undefined : `${path}: expected the id of a block`),
  { type: 'string', title: 'id of a block' },
);

function isId(value: string): boolean {
  try {
    return isBlockCid(parseCid(value).bytes);
  } catch {
    return false;
  }
}

const reason = struct(
  { rel: oneOf('retracts', 'supersedes', 'rotated_away'), author: text(128), acts: bool },
  { optional: { by: id } },
);

/** Does a claim act on a block of `author`? */
function* acts(db: Db, author: string, claim: Row): Ask<boolean> {
  const claimant = claim['author'] as string;
  if (!(yield* isSameIdentity(db, claimant, author))) return false;
  const away = yield* rotatedAwayMs(db, claimant);
  return away === Infinity || ((yield* db.seen(claim['block'] as string)) ?? Infinity) <= away;
}

function* isLate(db: Db, block: BlockHeader): Ask<boolean> {
  const away = yield* rotatedAwayMs(db, block.author);
  return away !== Infinity && ((yield* db.seen(block.id)) ?? Infinity) > away;
}

function* reasonsOf(db: Db, block: BlockHeader): Ask<readonly Reason[]> {
  const reasons: Reason[] = [];
  for (const claim of yield* db.rows('claims', [block.id], { limit: REASONS_MAX }))
    reasons.push({
      rel: claim['rel'] as 'retracts' | 'supersedes',
      by: claim['block'] as string,
      author: claim['author'] as string,
      acts: yield* acts(db, block.author, claim),
    });
  if (yield* isLate(db, block)) reasons.push({ rel: 'rotated_away', author: block.author, acts: true });
  return reasons;
}

/** Ends of all chains of supersession from a block; ids are hashes, so there are no circles. */
function* newestOf(db: Db, start: BlockHeader): Ask<readonly string[]> {
  const newest = new Set<string>();
  const seen = new Set([start.id]);
  for (const one of seen) {
    let isNewest = true;
    for (const claim of yield* db.rows('claims', [one], { limit: REASONS_MAX })) {
      if (claim['rel'] !== 'supersedes' || !(yield* acts(db, start.author, claim))) continue;
      isNewest = false;
      seen.add(claim['block'] as string);
    }
    if (isNewest && newest.size < NEWEST_MAX) newest.add(one);
  }
  return [...newest].sort();
}

/**
 * What one more half of a handover moves (a half said again may have been seen earlier): claims by all keys that it may
 * join or part, and blocks of keys that are handed over.
 */
function* touchedByHalf(db: Db, { did }: Row): Ask<readonly Touch[]> {
  const touched: Touch[] = [];
  if ((yield* handoversOf(db, did as string)).length === 0) return touched;
  for (const key of yield* keysOf(db, did as string, 'frozen')) {
    for (const { target } of yield* db.rows('claimsBy', [key])) touched.push({ id: target as string });
    if ((yield* handoversOf(db, key)).some(({ from }) => from === key)) touched.push({ author: key });
  }
  return touched;
}

/** Which blocks stand (specs/kinds/README.md). Headers alone decide, so an erased or malformed body changes nothing. */
export const standingView: View = {
  name: 'standing',
  version: 2,
  describe: 'Which blocks still hold: not withdrawn, not superseded, not of a key that had been handed over.',
  rels: ['retracts', 'supersedes'],
  reads: ['identities@2'],
  tables: { claims: { key: ['target'] }, claimsBy: { key: ['author'] } },
  head: ({ kind, author, refs }) => {
    const acting = refs.filter(({ rel }) => rel === 'supersedes' || (rel === 'retracts' && kind === 'retract/1'));
    return {
      claims: acting.map(({ rel, id: target }) => ({ target, rel, author })),
      claimsBy: acting.map(({ id: target }) => ({ author, target })),
    };
  },
  hides: {
    *touched(db, { table, row }) {
      if (table === 'standing.claims') return [{ id: row['target'] as string }];
      return table === 'identities.halves' ? yield* touchedByHalf(db, row) : [];
    },
    *judge(db, block) {
      for (const claim of yield* db.rows('claims', [block.id], { limit: REASONS_MAX }))
        if (yield* acts(db, block.author, claim)) return true;
      return yield* isLate(db, block);
    },
  },
  *verdict(db, block) {
    const acting = (yield* reasonsOf(db, block)).filter((one) => one.acts);
    if (acting.length === 0) return undefined;
    const rel = acting.find((one) => one.rel === 'retracts')?.rel ?? acting[0]!.rel;
    return {
      says: { retracts: 'retracted', supersedes: 'superseded', rotated_away: 'of a retired key' }[rel],
      why: acting
        .map(({ rel: how, by }) =>
          how === 'rotated_away'
            ? 'its key had been handed over when it was seen here'
            : `${how === 'retracts' ? 'retracted' : 'superseded'} by ${by}`,
        )
        .join('; '),
      by: acting.flatMap(({ by }) => (by === undefined ? [] : [by])),
    };
  },
  questions: {
    of: {
      describe: 'Does a block stand, and if not, why?',
      params: struct({ id }),
      answer: struct(
        { id, known: bool, stands: bool, reasons: list(reason, REASONS_MAX + 1), newest: list(id, NEWEST_MAX) },
        { optional: { author: text(128) } },
      ),
      example: {
        ...{ id: example.block, known: true, author: example.ann, stands: false },
        reasons: [{ rel: 'supersedes', by: example.other, author: example.ann, acts: true }],
        newest: [example.other],
      },
      *run(db, { id: asked }) {
        const block = yield* db.block(asked as string);
        if (block === undefined) {
          yield* db.missing(asked as string);
          const claims = yield* db.rows('claims', [asked as string], { limit: REASONS_MAX });
          return {
            id: asked,
            known: false,
            stands: false,
            reasons: claims.map((claim) => ({
              rel: claim['rel'],
              by: claim['block'],
              author: claim['author'],
              acts: false,
            })),
            newest: [],
          };
        }
        const reasons = yield* reasonsOf(db, block);
        return {
          id: asked,
          known: true,
          author: block.author,
          stands: reasons.every((one) => !one.acts),
          reasons,
          newest: yield* newestOf(db, block),
        };
      },
    },
    claims: {
      describe: 'Blocks that others withdraw or supersede, with who says so and whether it acts.',
      params: struct({}),
      answer: struct(
        { claims: list(struct({ target: id, rel: text(16), by: id, author: text(128), acts: bool }), 1000) },
        { optional: { next: text(1024) } },
      ),
      example: {
        claims: [{ target: example.block, rel: 'supersedes', by: example.other, author: example.ann, acts: true }],
      },
      page: true,
      *run(db, { limit, after }) {
        const { rows, next } = yield* db.page('claims', [], { limit, after });
        const claims = [];
        for (const claim of rows) {
          const block = yield* db.block(claim['target'] as string);
          claims.push({
            target: claim['target'],
            rel: claim['rel'],
            by: claim['block'],
            author: claim['author'],
            acts: block !== undefined && (yield* acts(db, block.author, claim)),
          });
        }
        return { claims, next };
      },
    },
  },
};
