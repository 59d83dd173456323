import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { concatBytes, corePlugins, type Plugin } from '@cosmicembeddings/sdk';
import { signBlock } from '@cosmicembeddings/sdk/testing';
import pollPlugin from '../../../examples/poll/plugin.js';
import { makeBlock, planOf, readPlan, reportText, seedOf, simulate, type Hostile } from '../../src/testing/index.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'cosmic-world-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (world: object) => simulate(await planOf(world, folder));

describe('a world of a file', () => {
  test.each(['line', 'ring', 'star', 'mesh', 'random'])('%s: converges, and its report says how', async (topology) => {
    const plan = await planOf({ seed: 4, nodes: 6, blocks: 12, topology, storm: '5s' }, folder);
    const outcome = await simulate(plan);
    expect(outcome).toMatchObject({ converged: true, violations: [], published: 12 });
    expect(outcome.bytes).toBeGreaterThan(outcome.neededBytes);
    expect(outcome.neededBytes).toBeGreaterThan(0);
    expect(outcome.spreadMs.p50).toBeGreaterThan(0);
    expect(reportText(plan, outcome, 'replay me')).toMatch(/6 nodes[^]*12 blocks[^]*invariants all hold[^]*replay me/);
  });

  test('pairs say who dials whom; two islands do not converge, and the report says what breaks', async () => {
    const outcome = await run({
      nodes: 4,
      blocks: 8,
      topology: [
        [0, 1],
        [3, 2],
      ],
      storm: '2s',
      heal: '5s',
    });
    expect(outcome.converged).toBe(false);
    expect(outcome.violations.join()).toMatch(/blocks are missing/);
  });

  test('loss, repetition, overtaking, cuts, crashes, a partition and churn heal', async () => {
    const world = {
      ...{ seed: 9, nodes: 7, blocks: 20, latencyMs: [5, 80], loss: 0.02, repeat: 0.01, cuts: 0.1, crashes: 0.1 },
      ...{
        restarts: 0.05,
        partition: { from: '2s', to: '8s' },
        churn: { up: '10s', down: '3s' },
        hostile: { forger: 1 },
      },
    };
    const one = await run(world);
    expect(one).toMatchObject({ converged: true, violations: [] });
    expect(one.crashes).toBeGreaterThan(0);
    expect(await run(world)).toEqual(one);
    expect((await simulate(await planOf(world, folder, 10))).trace).not.toBe(one.trace);
  });

  test('a policy of one node keeps blocks out of it, and of nobody else', async () => {
    const plan = await planOf({ nodes: 3, blocks: 35, topology: 'mesh', policies: { 1: { maxBytes: 5000 } } }, folder);
    const kept: number[][] = [];
    const outcome = await simulate(plan, {
      onStep: (world) => kept.push(world.nodes.map(({ store }) => store.blocks().length)),
    });
    expect(outcome).toMatchObject({ converged: true, violations: [] });
    // Every seventh is of 9,000 bytes; what node 1 itself would have published of them nobody has.
    const [a, b, c] = kept.at(-1)!;
    expect(a).toBe(outcome.published);
    expect(c).toBe(a);
    expect(b).toBeLessThan(a!);
  });

  test('blocks of a file travel, and a plug-in’s views come to the same rows everywhere', async () => {
    const poll = (fields: object, refs: object[] = [], author = 0): Uint8Array =>
      signBlock({
        header: {
          ...{ version: 2, kind: 'poll.example/1', timestamp: 1_690_000_000_000, cosmic_signature: {} },
          ...(refs.length === 0 ? {} : { refs: refs as never }),
        },
        body: { salt: new Uint8Array(16).fill(author), tags: [], linked_blocks: [], ...fields },
        seed: seedOf(1200 + author),
        network: 'dev',
      });
    writeFileSync(
      join(folder, 'polls.cborseq'),
      concatBytes(poll({ question: 'Tea?', options: ['yes', 'no'] }), makeBlock(900)),
    );
    const plan = await planOf({ nodes: 4, blocks: 3, files: ['polls.cborseq'], storm: '2s' }, folder);
    const plugins = [...corePlugins, pollPlugin as unknown as Plugin];
    expect(await simulate({ ...plan, plugins })).toMatchObject({ converged: true, violations: [], published: 5 });
    // Rows that depend on who folds are found out.
    let folds = 0;
    const moody = { ...(pollPlugin as unknown as Plugin) };
    const view = moody.views[0]!;
    const unstable = {
      ...view,
      body: (...args: never[]) => (folds++ % 2 === 0 ? {} : (view.body as (...a: never[]) => object)(...args)),
    };
    const broken = { ...moody, views: [unstable as never, ...moody.views.slice(1)] };
    expect((await simulate({ ...plan, plugins: [...corePlugins, broken] })).violations.join()).toMatch(/views have/);
  });

  test('bad peers of one’s own', async () => {
    let visits = 0;
    const visitor: Hostile = {
      join: async (world, victim, name) => {
        await world.stranger(name, victim, 450);
        visits += 1;
      },
    };
    const plan = await planOf({ nodes: 3, blocks: 4, storm: '1s' }, folder);
    const outcome = await simulate({ ...plan, hostile: ['visitor', 'visitor'], behaviours: { visitor } });
    expect(outcome.violations).toEqual([]);
    expect(visits).toBe(2);
  });

  test.each([
    [{ nodes: 0 }, /nodes/],
    [{ node: 4 }, /node/],
    [{ topology: 'cube' }, /topology: one of random/],
    [{ nodes: 3, topology: [[0, 3]] }, /topology: \[0,3\]/],
    [{ loss: 2 }, /loss/],
    [{ latencyMs: [9, 5] }, /latencyMs/],
    [{ hostile: { stranger: 1 } }, /hostile: stranger: one of id spammer/],
    [{ policies: { 40: {} } }, /policies: 40/],
    [{ limits: { wantz: 1 } }, /wantz/],
    [{ storm: 'soon' }, /storm/],
    [{ plugins: ['./nothing.js'] }, /nothing.js/],
  ])('%j is refused by its name', async (world, expected) => {
    await expect(planOf(world, folder)).rejects.toMatchObject({
      code: 'config.malformed',
      message: expect.stringMatching(expected),
    });
  });

  test('what is no file, or no JSON, is said', async () => {
    await expect(readPlan(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'input.not_found' });
    writeFileSync(join(folder, 'bad.json'), '{"nodes": 4,}');
    await expect(readPlan(join(folder, 'bad.json'))).rejects.toMatchObject({ code: 'config.malformed' });
    await expect(planOf({ files: ['none.cborseq'] }, folder)).rejects.toMatchObject({ code: 'input.not_found' });
  });
});
