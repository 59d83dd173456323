import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CosmicError, createRegistry, corePlugins, contentOf, type Embedder } from '@cosmicembeddings/sdk';
import { createLexicalEmbedder, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { identityOf } from '../../src/keys/author.js';
import { publishInputs, publishPending, type Means } from '../../src/publish/call.js';
import { collectInputs } from '../../src/publish/inputs.js';
import { openJournal } from '../../src/publish/journal.js';
import { othersWaiting, type PublishReport } from '../../src/publish/report.js';
import type { Settings } from '../../src/settings.js';
import { memoryNode } from './memory-node.ts';

const registry = createRegistry(corePlugins);
const base = mkdtempSync(join(tmpdir(), 'cosmic-crossing-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let worlds = 0;

/** The global flags of a call, each with two values. */
interface Flags {
  readonly home: 'h1' | 'h2';
  readonly node: 'http://a:1' | 'http://b:1';
  readonly network: 'dev' | 'other';
  readonly key: 'default' | 'work';
  readonly embedder: 'm1' | 'm2';
}
interface Call extends Flags {
  readonly file: 'x.md' | 'y.md';
  readonly tag: string;
  /** What goes wrong: nothing, the embedder refuses the text, does not answer at all, or the node is lost after keeping. */
  readonly trouble: 'none' | 'refuses' | 'down' | 'cut';
}
const values = {
  home: ['h1', 'h2'],
  node: ['http://a:1', 'http://b:1'],
  network: ['dev', 'other'],
  key: ['default', 'work'],
  embedder: ['m1', 'm2'],
} as const;

const seeds = { default: 1, work: 2 };
const didOfKey = (key: Flags['key'], network: string) => identityOf(new Uint8Array(32).fill(seeds[key]), network).did;

/** Two nodes for each network, two homes, two keys and two models, all in memory but for the files. */
function world() {
  const folder = join(base, String(worlds++));
  mkdirSync(folder);
  for (const file of ['x.md', 'y.md']) writeFileSync(join(folder, file), `What ${file} says about its subject.`);
  const nodes = new Map<string, ReturnType<typeof memoryNode>>();
  const nodeOf = ({ node, network }: { node: string; network: string }) => {
    const name = `${node} ${network}`;
    if (!nodes.has(name)) nodes.set(name, memoryNode(`did:${name}`, network));
    return nodes.get(name)!;
  };
  let trouble: Call['trouble'] = 'none';
  let clock = 1_790_000_000_000;
  const means: Means = {
    openIdentity: (settings) =>
      Promise.resolve(
        identityOf(new Uint8Array(32).fill(seeds[basename(settings.keyFile) as Flags['key']]), settings.network),
      ),
    openEmbedder: (settings) => {
      const lexical = createLexicalEmbedder();
      const { model } = settings.embedder as { model: string };
      const embedder: Embedder = {
        space: { ...lexical.space, model },
        embed: (texts, how) =>
          trouble === 'down' || (trouble === 'refuses' && texts.some((text) => text !== 'probe'))
            ? Promise.reject(new CosmicError(trouble === 'down' ? 'embedder.unavailable' : 'embedder.bad_answer', 'no'))
            : lexical.embed(texts, how),
      };
      return Promise.resolve(embedder);
    },
    openClient: (settings) => nodeOf(settings).client,
    now: () => (clock += 1000),
  };
  const settingsOf = ({ home, node, network, key, embedder }: Flags): Settings =>
    ({
      home: join(folder, home),
      node,
      network,
      keyFile: join(folder, key),
      embedder: { type: 'openai', model: embedder, url: 'http://e:1' } satisfies EmbedderConfig,
    }) as unknown as Settings;
  return {
    nodes,
    folder,
    means,
    settingsOf,
    homes: [join(folder, 'h1'), join(folder, 'h2')],
    call: async (call: Call): Promise<PublishReport | undefined> => {
      trouble = call.trouble;
      const { state } = nodeOf(call);
      state.cutAfter = call.trouble === 'cut' ? 0 : Infinity;
      const options = { tags: [call.tag], text: true, dtype: 'f32' as const };
      const asked = { options, said: new Set(['tags'] as const), retractGone: false };
      let report: PublishReport | undefined;
      try {
        report = await publishInputs(collectInputs([join(folder, call.file)]), asked, settingsOf(call), means);
      } catch (error) {
        expect(error).toMatchObject({ code: 'node.unreachable' });
      }
      trouble = 'none';
      state.cutAfter = Infinity;
      return report;
    },
    doWhatWaits: async (): Promise<void> => {
      for (const home of ['h1', 'h2'] as const) await publishPending({}, settingsOf({ ...some, home }), means);
    },
  };
}
const some: Flags = { home: 'h1', node: 'http://b:1', network: 'other', key: 'work', embedder: 'm2' };

const flags = fc.record({
  home: fc.constantFrom(...values.home),
  node: fc.constantFrom(...values.node),
  network: fc.constantFrom(...values.network),
  key: fc.constantFrom(...values.key),
  embedder: fc.constantFrom(...values.embedder),
});
const trouble = fc.constantFrom('none', 'refuses', 'down', 'cut') as fc.Arbitrary<Call['trouble']>;
const file = fc.constantFrom('x.md', 'y.md') as fc.Arbitrary<Call['file']>;

/** What stands on each node, as `node network author model origin tag`. */
function standing(nodes: ReadonlyMap<string, ReturnType<typeof memoryNode>>): string[] {
  return [...nodes].flatMap(([name, { state }]) =>
    [...state.kept.values()].map((block) => {
      const { passages } = contentOf(block, registry);
      const model = new TextDecoder('latin1').decode(block.body!).includes('bm1') ? 'm1' : 'm2';
      return `${name} ${block.entry.author} ${model} ${passages[0]!.origin} ${block.entry.tags.join()}`;
    }),
  );
}
const meant = (call: Call): string =>
  `${call.node} ${call.network} ${didOfKey(call.key, call.network)} ${call.embedder} ${call.file} ${call.tag}`;

test('of two calls that differ in one global flag, nothing of one crosses over to the other', async () => {
  await fc.assert(
    fc.asyncProperty(
      flags,
      fc.constantFrom(...(Object.keys(values) as (keyof Flags)[])),
      fc.tuple(trouble, trouble),
      fc.tuple(file, file),
      async (first, differing, troubles, files) => {
        const other = values[differing].find((value) => value !== first[differing]);
        const calls: Call[] = [first, { ...first, [differing]: other }].map((one, i) => {
          return { ...one, file: files[i]!, tag: `tag${i}`, trouble: troubles[i]! };
        });
        const { call, nodes, homes, doWhatWaits } = world();
        for (const one of calls) {
          const before = standing(nodes);
          await call(one);
          // Only what this very call asks for may have come.
          for (const block of standing(nodes).slice(0)) if (!before.includes(block)) expect(block).toBe(meant(one));
        }
        await doWhatWaits();
        // Each intent stands, but one that waited and that a later call for the same file, node, network and key has replaced.
        const [one, two] = calls as [Call, Call];
        const replaced = differing === 'embedder' && one.file === two.file && ['refuses', 'down'].includes(one.trouble);
        expect(standing(nodes).sort()).toEqual((replaced ? [two] : calls).map(meant).sort());
        for (const home of homes) expect(openJournal(home).pending()).toEqual([]);
      },
    ),
    { numRuns: 80 },
  );
});

test('any calls, each of them twice, come to the same as once', async () => {
  const one = fc.tuple(flags, file).map(([given, name]): Call => ({ ...given, file: name, tag: 't', trouble: 'none' }));
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 4 }), async (calls) => {
      const { call, nodes } = world();
      for (const each of calls) await call({ ...each, trouble: 'cut' });
      await Promise.all([...calls, ...calls].map((each) => call(each)));
      expect(standing(nodes).sort()).toEqual([...new Set(calls.map(meant))].sort());
    }),
    { numRuns: 30 },
  );
});

test('the same file may wait for another node too, and counts among the others', async () => {
  const { call, homes } = world();
  const waiting: Call = { ...some, file: 'x.md', tag: 't', trouble: 'down' };
  await call({ ...waiting, node: 'http://a:1' });
  const report = await call(waiting);
  expect(report!.pending).toHaveLength(1);
  expect(othersWaiting(report!, openJournal(homes[0]!).pending())).toBe(1);
});

test('a node of another network is asked for nothing, and what waits for it goes on waiting', async () => {
  const { call, homes, nodes, folder, means, settingsOf } = world();
  await call({ ...some, file: 'x.md', tag: 't', trouble: 'down' });
  const dev = memoryNode('did:dev', 'dev');
  const elsewhere: Means = { ...means, openClient: () => dev.client };
  const inputs = collectInputs([join(folder, 'y.md')]);
  const asked = { options: { tags: [], text: true, dtype: 'f32' as const }, said: new Set([]), retractGone: false };
  await expect(publishInputs(inputs, asked, settingsOf(some), elsewhere)).rejects.toMatchObject({
    code: 'peer.wrong_network',
    detail: expect.stringMatching(/is of network dev; .*for other/),
  });
  const report = await publishPending({}, settingsOf(some), elsewhere);
  expect(report!.pending).toMatchObject([{ reason: expect.stringContaining('peer.wrong_network') }]);
  expect(openJournal(homes[0]!).pending()).toHaveLength(1);
  expect(dev.state.calls).toBe(0);
  await publishPending({}, settingsOf(some), means);
  expect(standing(nodes)).toHaveLength(1);
});
