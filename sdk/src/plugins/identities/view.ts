import { nameCid } from '../../kinds/rotate/index.js';
import { list, oneOf, struct, text, checker, integer } from '../../schema/index.js';
import { publicKeyOfDid } from '../../crypto/identity.js';
import type { Row, View } from '../../views/view.js';
import { handoverOf, handoversOf, keysOf, seenMsOf, type Handover } from './identity.js';
import { example } from '../example.js';

const did = checker(
  (value, path) =>
    typeof value === 'string' && publicKeyOfDid(value) !== undefined
      ? undefined
      : `${path}: expected the did:key of an Ed25519 key`,
  { type: 'string', title: 'did' },
);
const handover = struct({ from: did, to: did, seenMs: integer(0, Number.MAX_SAFE_INTEGER) });

/** Rows of one pair of names: a handover where both sides have said it. It stands under either key. */
function joined(rows: readonly Row[]): Row[] {
  const side = (wanted: string): Row | undefined => rows.find((row) => row['side'] === wanted);
  const [to, from] = [side('to'), side('from')];
  if (to === undefined || from === undefined || to['did'] === from['did']) return [];
  const both = { from: to['did']!, to: from['did']!, fromName: to['fromName']!, toName: to['toName']! };
  return [
    { key: both.from, ...both },
    { key: both.to, ...both },
  ];
}

/** Which keys are one identity (specs/kinds/rotate.md). */
export const identitiesView: View = {
  name: 'identities',
  version: 2,
  describe: 'Which keys belong together: handed over by the old one, taken over by the new one.',
  kinds: ['rotate/1'],
  tables: {
    /** By names of both keys: who says so, and of which side. */
    halves: { key: ['fromName', 'toName'] },
  },
  head: ({ kind, author, refs }) => ({
    halves:
      kind === 'rotate/1'
        ? refs.flatMap(({ rel, id }): Row[] =>
            rel === 'rotates_to'
              ? [{ fromName: nameCid(author), toName: id, side: 'to', did: author }]
              : rel === 'rotates_from'
                ? [{ fromName: id, toName: nameCid(author), side: 'from', did: author }]
                : [],
          )
        : [],
  }),
  derived: {
    handovers: { op: 'group', from: 'halves', by: ['fromName', 'toName'], key: ['key'], rows: joined },
    /** Keys that were handed over to several: none of these counts. */
    frozen: {
      op: 'group',
      from: 'handovers',
      by: ['key'],
      key: ['key'],
      rows: (rows) => (rows.filter(({ key, from }) => key === from).length > 1 ? [{ key: rows[0]!['key']! }] : []),
    },
  },
  questions: {
    of: {
      describe: 'All that is known of the identity that a key belongs to.',
      params: struct({ author: did }),
      answer: struct(
        {
          key: did,
          state: oneOf('single', 'rotated', 'frozen'),
          keys: list(did, 256),
          handovers: list(handover, 4096),
        },
        { optional: { current: did } },
      ),
      example: {
        ...{ key: example.ann, state: 'rotated', keys: [example.ann, example.bob], current: example.bob },
        handovers: [{ from: example.ann, to: example.bob, seenMs: example.timeMs }],
      },
      *run(db, { author }) {
        const key = author as string;
        const keys = yield* keysOf(db, key);
        const handovers = new Map<string, Handover>();
        for (const one of keys)
          for (const found of yield* handoversOf(db, one)) handovers.set(`${found.from} ${found.to}`, found);
        const own = [...handovers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found);
        const frozen = keys.some((one) => own.filter(({ from }) => from === one).length > 1);
        const inUse = keys.filter((one) => own.every(({ from }) => from !== one));
        const shown = [];
        for (const one of own) shown.push({ from: one.from, to: one.to, seenMs: yield* seenMsOf(db, one) });
        return {
          key,
          state: frozen ? 'frozen' : keys.length > 1 ? 'rotated' : 'single',
          keys,
          ...(frozen || inUse.length !== 1 ? {} : { current: inUse[0]! }),
          handovers: shown,
        };
      },
    },
    rotations: {
      describe: 'Every handover from one key to another.',
      params: struct({}),
      answer: struct({ handovers: list(handover, 1000) }, { optional: { next: text(1024) } }),
      example: { handovers: [{ from: example.ann, to: example.bob, seenMs: example.timeMs }] },
      page: true,
      *run(db, { limit, after }) {
        const { rows, next } = yield* db.page('handovers', [], { limit, after });
        const handovers = [];
        for (const row of rows) {
          const found = handoverOf(row);
          if (row['key'] === found.from)
            handovers.push({ from: found.from, to: found.to, seenMs: yield* seenMsOf(db, found) });
        }
        return { handovers, next };
      },
    },
    conflicts: {
      describe: 'Keys that were handed over to several others: frozen.',
      params: struct({}),
      answer: struct(
        { keys: list(struct({ key: did, to: list(did, 1024) }), 1000) },
        { optional: { next: text(1024) } },
      ),
      example: { keys: [] },
      page: true,
      *run(db, { limit, after }) {
        const { rows, next } = yield* db.page('frozen', [], { limit, after });
        const keys = [];
        for (const { key } of rows) {
          const away = (yield* handoversOf(db, key as string)).filter(({ from }) => from === key);
          keys.push({ key, to: away.map(({ to }) => to).sort() });
        }
        return { keys, next };
      },
    },
  },
};
