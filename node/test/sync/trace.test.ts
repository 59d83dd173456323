import { afterEach, expect, test } from '@jest/globals';
import { cidOf, DAG_CBOR, parseCid, readEnvelope, sha256 } from '@cosmicembeddings/sdk';
import { traceOf } from '../../src/sync/index.js';
import { makeBlock, World } from '../../src/testing/index.js';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test('says by which way a block came and who has it', async () => {
  world = new World(80);
  const [first, second] = [await world.add(), await world.add([0])];
  await world.clock.advance(2_000);
  await first.publish(makeBlock(1));
  await world.until(() => second.ids().length === 1, 10_000);
  const [id] = second.ids();
  const there = await traceOf(second.store, second.peers, id!);
  expect(there).toMatchObject({
    id,
    here: 'whole',
    arrivals: [{ address: first.address, node: first.did, outcome: 'stored' }],
    peers: [{ address: first.address, node: first.did, proven: true, says: 'has' }],
    offeredBy: [],
  });
  // Where it was published it came from nobody.
  expect(await traceOf(first.store, first.peers, id!)).toMatchObject({
    here: 'whole',
    arrivals: [],
    peers: [{ node: second.did, says: 'has' }],
  });
});

test('says why a block is not there: refused by this node’s policy, or ahead of its clock', async () => {
  world = new World(81);
  const first = await world.add();
  const strict = await world.add([0], { refuse: () => true });
  const slow = await world.add([0], { clockOffsetMs: -3_600_000 });
  await world.clock.advance(2_000);
  await first.publish(makeBlock(1, { timeMs: world.clock.now() }));
  const [id] = first.ids();
  await world.until(() => strict.verdicts.size + slow.verdicts.size >= 2, 30_000);
  const refused = await traceOf(strict.store, strict.peers, id!);
  expect(refused).toMatchObject({ here: 'no', arrivals: [{ outcome: 'policy.refused' }] });
  const later = await traceOf(slow.store, slow.peers, id!);
  expect(later).toMatchObject({ here: 'no', arrivals: [{ outcome: 'later' }] });
  expect(later.retryAtMs).toBeGreaterThan(world.clock.now() - 3_600_000);
});

test('says who offered a block and does not give it', async () => {
  world = new World(82);
  const node = await world.add();
  const liar = await world.stranger('liar', node, 7);
  await world.clock.advance(1_000);
  const digest = parseCid(idOf(makeBlock(3))).digest!;
  await liar.say(liar.session.have([{ timeMs: 5, digest }]));
  await world.clock.advance(1_000);
  expect(await traceOf(node.store, node.peers, idOf(makeBlock(3)))).toMatchObject({
    here: 'no',
    arrivals: [],
    offeredBy: ['ws://liar'],
    askedOf: 'ws://liar',
  });
  await expect(traceOf(node.store, node.peers, 'bafybad')).rejects.toThrow(/request\.malformed/);
});

function idOf(wire: Uint8Array): string {
  const read = readEnvelope(wire);
  if (read.status === 'rejected') throw new Error(read.detail);
  return cidOf(DAG_CBOR, sha256(read.envelope.header)).text;
}
