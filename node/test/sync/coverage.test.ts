import { afterEach, describe, expect, test } from '@jest/globals';
import { cidOf, DAG_CBOR, parseCid, sha256, type Accepted } from '@cosmicembeddings/sdk';
import type { Coverage } from '@cosmicembeddings/sdk/filter';
import { makeBlock, World, type NodeOptions } from '../../src/testing/index.js';

let world: World | undefined;
afterEach(() => world?.close());

const TEA: Coverage = [{ tagsAny: ['tea'] }];
const quick: NodeOptions = { limits: { reconcileMs: 20_000 } };
const tea = { ...quick, coverage: TEA };
const coffee = { ...quick, coverage: [{ tagsAny: ['coffee'] }] };
const block = (n: number, tag: string, more: Parameters<typeof makeBlock>[1] = {}): Uint8Array =>
  makeBlock(n, { tags: [tag], ...more });
const idOf = (answer: Accepted): string => (answer.status === 'stored' ? answer.id : '');

/** Nodes by what they keep; each dials those of `links`. */
async function worldOf(...nodes: readonly (readonly [options: NodeOptions, ...links: number[]])[]): Promise<World> {
  world = new World(1, { passage: () => ({ copies: 1, delayMs: 5 }) });
  for (const [options, ...links] of nodes) await world.add(links, options);
  return world;
}

describe('what a node keeps', () => {
  test('news and what was there before: what it subscribes to, and nothing else', async () => {
    const { nodes, clock, until } = Object.assign(await worldOf([quick]), { until: world!.until.bind(world) });
    const [full] = nodes;
    for (let n = 0; n < 40; n++) await full!.publish(block(n, n % 4 === 0 ? 'tea' : 'coffee'));
    await world!.add([0], tea);
    const part = nodes[1]!;
    await until(() => part.ids().length === 10, 30_000);
    await full!.publish(block(50, 'tea'));
    await full!.publish(block(51, 'coffee'));
    await until(() => part.ids().length === 11, 30_000);
    await clock.advance(60_000);
    expect(part.store.blocks().every(({ entry }) => entry.tags.includes('tea'))).toBe(true);
    // Nothing was brought that was not to be kept.
    expect([...part.verdicts.keys()]).toEqual(['stored']);
    expect(part.peers.status()[0]).toMatchObject({ state: 'connected', proven: true });
    expect(full!.peers.status()[0]!.coverage).toEqual(TEA);
    expect([...full!.peers.notes(), ...part.peers.notes()]).toEqual([]);
  });

  test('what undoes or replaces other blocks comes whatever its tags are', async () => {
    await worldOf([quick], [tea, 0]);
    const [full, part] = world!.nodes;
    const old = idOf(await full!.publish(block(1, 'tea')));
    await full!.publish(block(2, 'x', { refs: [{ rel: 'supersedes', id: old }] }));
    // Whatever is in them: who brings them is no author of theirs.
    for (const [n, kind] of [
      [3, 'retract/1'],
      [4, 'rotate/1'],
    ] as const)
      await full!.accept(block(n, 'x', { kind, refs: [{ rel: 'retracts', id: old }] }), { type: 'peer', peer: 'x' });
    await full!.publish(block(5, 'x', { refs: [{ rel: 'cites', id: old }] }));
    await world!.until(() => part!.ids().length === 4, 30_000);
    await world!.clock.advance(40_000);
    expect(part!.ids()).toHaveLength(4);
  });

  test('what is published at it is kept, and reaches those that keep it, also after an absence', async () => {
    await worldOf([quick], [tea, 0]);
    const [full, part] = world!.nodes;
    await world!.until(() => part!.peers.status()[0]!.state === 'connected', 10_000);
    await part!.publish(block(1, 'coffee'));
    await world!.until(() => full!.ids().length === 1, 10_000);
    world!.down(0);
    await part!.publish(block(2, 'milk'));
    await part!.publish(block(3, 'tea'));
    await world!.clock.advance(5_000);
    await world!.up(0, [], quick);
    await world!.until(() => full!.ids().length === 3, 90_000);
    expect(part!.ids()).toHaveLength(3);
  });

  test('two that keep different things exchange what both keep', async () => {
    const both = { ...quick, coverage: [{ tagsAny: ['tea'] }, { tagsAny: ['milk'] }] };
    await worldOf([tea], [both, 0]);
    const [a, b] = world!.nodes;
    await a!.publish(block(1, 'tea'));
    await a!.publish(block(2, 'milk'));
    await a!.publish(block(3, 'coffee'));
    await b!.publish(block(4, 'milk'));
    await b!.publish(block(5, 'tea'));
    await world!.until(() => a!.ids().length === 4 && b!.ids().length === 4, 60_000);
    await world!.clock.advance(40_000);
    expect([a!.ids().length, b!.ids().length]).toEqual([4, 4]);
  });

  test('by place: those that were stamped there', async () => {
    const here = { ...quick, coverage: [{ places: [{ south: 47e6, north: 48e6, west: 8e6, east: 9e6 }] }] };
    await worldOf([quick]);
    const [full] = world!.nodes;
    const at = (n: number, lat: number): Uint8Array =>
      block(n, 'tea', { place: { lat: lat * 1e6, lon: 8_500_000, elevation: 0 } });
    await full!.publish(at(1, 47.5));
    await full!.publish(at(2, 46.5));
    await full!.publish(block(3, 'tea'));
    await world!.add([0], here);
    const part = world!.nodes[1]!;
    await world!.until(() => part.ids().length === 1, 30_000);
    await full!.publish(at(4, 47.2));
    await full!.publish(at(5, 48.2));
    await world!.until(() => part.ids().length === 2, 30_000);
    await world!.clock.advance(40_000);
    expect(part.ids()).toHaveLength(2);
  });

  test('an erased block does not come back by comparing, nor one that the policy refuses', async () => {
    const some: NodeOptions = { ...tea, policy: { maxBytes: 5_000 } };
    await worldOf([quick], [some, 0]);
    const [full, part] = world!.nodes;
    const id = idOf(await full!.publish(block(1, 'tea')));
    await full!.publish(block(2, 'tea', { bodyBytes: 9_000 }));
    await full!.publish(block(3, 'tea'));
    await world!.until(() => part!.ids().length === 2, 30_000);
    await part!.store.erase([id], 'author');
    await world!.restart(1, [0], some);
    const before = new Map(part!.verdicts);
    await world!.clock.advance(90_000);
    expect(part!.verdicts).toEqual(before);
    expect(full!.ids()).toHaveLength(3);
  });

  test('with another subscription it fetches what now is wanted, and keeps what it had', async () => {
    await worldOf([quick], [tea, 0]);
    const [full, part] = world!.nodes;
    for (let n = 0; n < 12; n++) await full!.publish(block(n, n % 2 === 0 ? 'tea' : 'coffee'));
    await world!.until(() => part!.ids().length === 6, 30_000);
    world!.down(1);
    await world!.clock.advance(5_000);
    await world!.up(1, [0], coffee);
    await world!.until(() => part!.ids().length === 12, 60_000);
    await world!.clock.advance(40_000);
    expect(part!.ids()).toHaveLength(12);
  });
});

describe('blocks for others', () => {
  test('go by a node that does not keep them, over several such nodes, and are not kept there', async () => {
    await worldOf([tea], [coffee, 0], [coffee, 1], [tea, 2]);
    const [a, b, c, d] = world!.nodes;
    await world!.clock.advance(10_000);
    for (let n = 0; n < 5; n++) await a!.publish(block(n, 'tea'));
    await world!.until(() => d!.ids().length === 5, 20_000);
    expect([b!.ids().length, c!.ids().length]).toEqual([0, 0]);
    expect(d!.peers.notes().join()).toMatch(/no connected peer keeps everything/);
  });

  test('not without a budget, nor further than three connections beyond', async () => {
    const none: NodeOptions = { ...coffee, limits: { ...quick.limits, relayBytesPerSecond: 0 } };
    await worldOf([tea], [none, 0], [tea, 1]);
    await world!.clock.advance(10_000);
    await world!.nodes[0]!.publish(block(1, 'tea'));
    await world!.clock.advance(30_000);
    expect(world!.nodes.map((node) => node.ids().length)).toEqual([1, 0, 0]);
    await world!.close();
    await worldOf([tea], [coffee, 0], [coffee, 1], [coffee, 2], [coffee, 3], [tea, 4]);
    await world!.clock.advance(10_000);
    await world!.nodes[0]!.publish(block(1, 'tea'));
    await world!.clock.advance(30_000);
    expect(world!.nodes.map((node) => node.ids().length)).toEqual([1, 0, 0, 0, 0, 0]);
  });

  test('within a budget: what is beyond it is left', async () => {
    const little: NodeOptions = {
      ...coffee,
      limits: { ...quick.limits, relayBytesPerSecond: 100, relayBurstBytes: 2_000 },
    };
    await worldOf([tea], [little, 0], [tea, 1]);
    const [a, b, c] = world!.nodes;
    await world!.clock.advance(10_000);
    for (let n = 0; n < 30; n++) {
      await a!.publish(block(n, 'tea', { bodyBytes: 1_000 }));
      await world!.clock.advance(200);
    }
    await world!.clock.advance(10_000);
    expect(b!.ids()).toHaveLength(0);
    expect(c!.ids().length).toBeGreaterThan(0);
    expect(c!.ids().length).toBeLessThan(10);
  });
});

test('peers that heed no coverage: what they send is declined once, and news from here reach them', async () => {
  await worldOf([{ ...quick, claims: true }], [tea, 0]);
  const [old, part] = world!.nodes;
  for (let n = 0; n < 10; n++) await old!.publish(block(n, n < 5 ? 'tea' : 'coffee'));
  await world!.until(() => part!.ids().length === 5, 30_000);
  await world!.clock.advance(90_000);
  expect(Object.fromEntries(part!.verdicts)).toEqual({ stored: 5, 'policy.not_covered': 5 });
  await part!.publish(block(20, 'coffee'));
  await world!.until(() => old!.ids().length === 11, 30_000);
});

test('ids that are announced for a node to pass on are asked for once', async () => {
  const digest = parseCid(cidOf(DAG_CBOR, sha256(Uint8Array.of(1))).text).digest!;
  await worldOf([coffee]);
  const line = await world!.stranger('liar', world!.nodes[0]!, 300);
  await world!.until(() => line.session.isReady, 10_000);
  for (let n = 0; n < 3; n++) await line.say(line.session.have([{ timeMs: 1, digest }], true));
  await world!.clock.advance(5_000);
  expect(line.count('wanted')).toBeLessThanOrEqual(1);
});

test('who leaves and comes back with ever another coverage pays for the reading out of what all unknown peers share', async () => {
  const [node] = (await worldOf([{ limits: { workBurst: 300_000, unknownWorkPerSecond: 1_000 } }])).nodes;
  for (let n = 0; n < 400; n++) await node!.publish(block(n, 'tea'));
  const visit = async (n: number): Promise<string | undefined> => {
    const covers = { coverage: [{ tagsAny: [`made up ${n}`] }] };
    const line = await world!.stranger(`visitor.${n}`, node!, 500 + n, { covers });
    await world!.clock.advance(1_000);
    await line.say(line.session.reconcile());
    await world!.clock.advance(1_000);
    const said = line.farewell;
    await line.close();
    await world!.clock.advance(1_000);
    return said;
  };
  const said: (string | undefined)[] = [];
  for (let n = 0; n < 4; n++) said.push(await visit(n));
  expect(said.slice(0, 2)).toEqual([undefined, undefined]);
  expect(said[3]).toMatch(/node.busy: much has been read/);
  await world!.clock.advance(600_000);
  expect(await visit(5)).toBeUndefined();
});
