import { describe, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { parseCid } from '../../src/codec/index.js';
import { didOf, sha256 } from '../../src/crypto/index.js';
import { retractPlugin, rotatesFrom, rotatesTo, type Link, type Plugin } from '../../src/kinds/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { attestationsPlugin } from '../../src/plugins/attestations/index.js';
import { forksPlugin } from '../../src/plugins/forks/index.js';
import { identitiesPlugin } from '../../src/plugins/identities/index.js';
import { receiptsPlugin } from '../../src/plugins/receipts/index.js';
import { standingPlugin } from '../../src/plugins/standing/index.js';
import { blockId, pluginSuite, type PluginScenario, type WorldBlock } from '../../src/testing/index.js';
import pollPlugin from '../../../examples/poll/plugin.js';

type Random = (n: number) => number;

const key = (name: string): string => didOf(sha256(utf8(name)));
const keys = ['k1', 'k2', 'k3', 'k4'].map(key);
const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)]!;

/** Retractions, supersessions, chains and handovers among four keys, half of it senseless. */
function turmoil(random: Random): PluginScenario {
  const names = Array.from({ length: 14 }, (_, i) => `b${i}`);
  const blocks = names.map((name, i): WorldBlock => {
    const target = blockId(i === 0 ? 'nothing' : pick(random, names.slice(0, i)));
    const made = pick<{ kind?: string; refs?: Link[]; prev?: string; fields?: WorldBlock['fields'] }>(random, [
      {},
      { kind: 'retract/1', refs: [{ rel: 'retracts', id: target }], fields: {} },
      { kind: 'retract/1', refs: [{ rel: 'retracts', id: target }], fields: { reason: 7 } },
      { refs: [{ rel: 'supersedes', id: target }] },
      { refs: [{ rel: 'retracts', id: target }] },
      { prev: target },
    ]);
    return {
      id: blockId(name),
      kind: 'note.example/1',
      author: pick(random, keys),
      timeMs: random(5),
      refs: [],
      seenMs: random(20),
      ...made,
    };
  });
  for (let i = 0; i < 4; i++) {
    const [from, to] = [pick(random, keys), pick(random, keys)];
    const half = (author: string, refs: readonly Link[], fields: WorldBlock['fields']): WorldBlock => ({
      id: blockId(`half ${i} ${author} ${refs[0]!.rel}`),
      kind: 'rotate/1',
      author,
      timeMs: 0,
      refs,
      seenMs: random(20),
      ...(fields === undefined ? {} : { fields }),
    });
    blocks.push(half(from, rotatesTo(to), { to }));
    if (random(5) > 0) blocks.push(half(to, rotatesFrom(from), { from }));
  }
  const questions = [
    ...names.map((name) => ({ view: 'standing', question: 'of', params: { id: blockId(name) } })),
    { view: 'standing', question: 'of', params: { id: blockId('nothing') } },
    { view: 'standing', question: 'claims', params: {} },
    { view: 'standing', question: 'claims', params: { limit: '2' } },
    ...keys.map((author) => ({ view: 'identities', question: 'of', params: { author } })),
    { view: 'identities', question: 'rotations', params: {} },
    { view: 'identities', question: 'conflicts', params: {} },
    { view: 'forks', question: 'all', params: {} },
    { view: 'forks', question: 'all', params: { author: keys[0] } },
    { view: 'forks', question: 'all', params: { limit: 1 } },
  ];
  return { blocks, questions };
}

const of =
  (...views: readonly string[]) =>
  (random: Random): PluginScenario => {
    const { blocks, questions } = turmoil(random);
    return { blocks, questions: questions.filter(({ view }) => views.includes(view)) };
  };

pluginSuite({ describe, test }, { plugins: [identitiesPlugin], scenario: of('identities') });
pluginSuite(
  { describe, test },
  { plugins: [retractPlugin, identitiesPlugin, standingPlugin], scenario: of('standing', 'identities') },
);
pluginSuite({ describe, test }, { plugins: [identitiesPlugin, forksPlugin], scenario: of('forks') });
pluginSuite(
  { describe, test },
  {
    plugins: [...corePlugins, pollPlugin as unknown as Plugin],
    scenario(random) {
      const polls = ['p0', 'p1', 'p2'];
      const blocks = Array.from({ length: 30 }, (_, i): WorldBlock => {
        const asks = i < polls.length;
        return {
          id: blockId(asks ? polls[i]! : `vote ${i}`),
          kind: 'poll.example/1',
          author: pick(random, keys),
          timeMs: random(4),
          refs: asks ? [] : [{ rel: 'about', id: blockId(pick(random, [...polls, 'nothing'])) }],
          fields: asks ? { question: `q${i}`, options: ['a', 'b', 'c'] } : { choice: random(4) },
        };
      });
      return {
        blocks,
        questions: [
          ...[...polls, 'nothing', 'vote 5'].map((name) => ({
            view: 'poll',
            question: 'result',
            params: { id: blockId(name) },
          })),
          { view: 'poll', question: 'list', params: {} },
          { view: 'poll', question: 'list', params: { limit: 2 } },
        ],
      };
    },
  },
);
pluginSuite(
  { describe, test },
  {
    plugins: [receiptsPlugin],
    scenario(random) {
      const names = ['b0', 'b1', 'b2', 'b3'];
      const blocks = Array.from({ length: 12 }, (_, i): WorldBlock => ({
        id: blockId(`receipt ${i}`),
        kind: 'receipt/1',
        author: pick(random, keys),
        timeMs: 3,
        refs: [],
        // Some lie in the future of the receipt itself, or name a block twice.
        fields: {
          seen: Array.from({ length: 1 + random(3) }, () => ({
            block: parseCid(blockId(pick(random, names))),
            at: random(5),
          })),
        },
      }));
      const questions = [...names, 'nothing'].map((name) => ({
        view: 'receipts',
        question: 'of',
        params: { id: blockId(name) },
      }));
      return { blocks, questions };
    },
  },
);

pluginSuite(
  { describe, test },
  {
    plugins: [identitiesPlugin, attestationsPlugin],
    scenario(random) {
      const targets = ['t0', 't1', 't2'];
      const blocks: WorldBlock[] = [
        ...targets.map((name, i) => ({
          id: blockId(name),
          kind: 'note.example/1',
          author: keys[i]!,
          timeMs: 0,
          refs: [],
          seenMs: 0,
        })),
        ...Array.from({ length: 12 }, (_, i): WorldBlock => {
          const cosine = pick(random, [999_000, 400_000]);
          return {
            id: blockId(`attest ${i}`),
            kind: 'attest/1',
            author: pick(random, keys),
            timeMs: random(4),
            refs: [{ rel: 'attests', id: blockId(pick(random, targets)) }],
            seenMs: random(9),
            fields: {
              agrees: cosine > 980_000 || random(6) === 0,
              cosine_e6: cosine,
              tolerance_e6: 980_000,
              rows: 1,
              runtime: 'a test',
            },
          };
        }),
      ];
      return {
        blocks,
        questions: [...targets, 'nothing'].map((name) => ({
          view: 'attestations',
          question: 'of',
          params: { id: blockId(name) },
        })),
      };
    },
  },
);
