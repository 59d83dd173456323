import { afterEach, expect, test } from '@jest/globals';
import { cidOf, DAG_CBOR, parseCid, type Accepted } from '@cosmicembeddings/sdk';
import { makeBlock, World } from '../../src/testing/index.js';

let world: World | undefined;
afterEach(() => world?.close());

const idOf = (answer: Accepted): string => (answer.status === 'stored' ? answer.id : '');
/** A block travels in a frame of more than 300 bytes; nothing else here does once sessions are up. */
const GIVEN_BYTES = 300;

test('a push that is lost comes from whoever announces it', async () => {
  let losing = false;
  let lost = 0;
  world = new World(3, {
    passage: (from, to, bytes) => {
      const isLost = losing && from.includes('node0') && to.includes('node2') && bytes > GIVEN_BYTES;
      if (isLost) lost += 1;
      return { copies: isLost ? 0 : 1, delayMs: 5 };
    },
  });
  // Comparing, which would find it too, is an hour away.
  const limits = { reconcileMs: 3_600_000 };
  for (const links of [[], [0], [0, 1]]) await world.add(links, { limits });
  const [author, , third] = world.nodes;
  await world.clock.advance(5_000);
  losing = true;
  await author!.publish(makeBlock(1, { bodyBytes: 500 }));
  await world.until(() => third!.ids().length === 1, 2_000, 50);
  expect(lost).toBeGreaterThan(0);
  expect(third!.verdicts.get('stored')).toBe(1);
});

test('of two that announce it the second is asked where the first gives nothing', async () => {
  world = new World(4, { passage: () => ({ copies: 1, delayMs: 5 }) });
  const limits = { reconcileMs: 3_600_000, pushTo: 0, wantMs: 6_000 };
  for (const links of [[], [0]]) await world.add(links, { limits });
  const [holder, seeker] = world.nodes;
  await world.clock.advance(5_000);
  world.loopback.cut(holder!.address, seeker!.address);
  const id = idOf(await holder!.publish(makeBlock(2)));
  const { digest } = parseCid(cidOf(DAG_CBOR, parseCid(id).digest!).text);
  const liar = await world.stranger('liar', seeker!, 300);
  await world.until(() => liar.session.isReady, 10_000);
  await liar.say(liar.session.have([{ timeMs: 1_690_000_002_000, digest: digest! }]));
  await world.until(() => liar.count('wanted') === 1, 2_000, 50);
  const askedMs = world.clock.now();
  world.loopback.heal(holder!.address, seeker!.address);
  const line = await world.stranger('honest', seeker!, 301);
  await world.until(() => line.session.isReady, 10_000);
  await line.say(line.session.have([{ timeMs: 1_690_000_002_000, digest: digest! }]));
  await world.until(() => line.count('wanted') === 1 || seeker!.ids().length === 1, 30_000, 50);
  // A third of the patience, since the first had given nothing yet.
  expect(world.clock.now() - askedMs).toBeLessThan(limits.wantMs);
});
