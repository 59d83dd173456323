import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  createBlock,
  createRegistry,
  corePlugins,
  signerOfSeed,
  type Plugin,
  type ViewAnswer,
} from '@cosmicembeddings/sdk';
import { createClient, kindOfInfo, type NodeClient } from '@cosmicembeddings/sdk/api';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { compileSchema } from '../../../src/json-schema.js';
import { blockOf, problem, testedNode } from '../node.ts';

const plugin = fileURLToPath(new URL('../../../../examples/poll/plugin.js', import.meta.url));
const node = testedNode({ plugins: [plugin] });
let client: NodeClient;
beforeAll(() => (client = createClient({ url: node.url })));

let salts = 100;
/** A block of the poll's kind, made from what the node says of that kind alone. */
async function pollBlock(fields: Record<string, never>, refs: { rel: string; id: string }[] = [], seed = 9) {
  const kinds = (await client.plugins()).flatMap((one) => one.kinds);
  const described: Plugin = {
    name: 'described',
    kinds: [kindOfInfo(kinds.find(({ name }) => name === 'poll.example/1')!)],
    views: [],
  };
  return createBlock(
    { kind: 'poll.example/1', timeMs: Date.now() - 1000, fields, refs },
    {
      signer: signerOfSeed(new Uint8Array(32).fill(seed)),
      network: 'dev',
      registry: createRegistry([...corePlugins, described]),
      sky: createSky(),
      salt: () => new Uint8Array(16).fill(++salts),
    },
  );
}
const asks = (question: string) => pollBlock({ question, options: ['yes', 'no'] } as never);
const votes = (poll: string, choice: number, seed: number) =>
  pollBlock({ choice } as never, [{ rel: 'about', id: poll }], seed);
/** Publishes, and waits until the poll has it. */
async function counted(wire: Uint8Array): Promise<void> {
  const [answer] = await client.publish([wire]);
  const { seq } = answer as { seq: number };
  while ((await client.view('poll', 'list', {})).cursor.seq < seq)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('what plug-ins offer', () => {
  test('kinds, views, commands and panels, in their order', async () => {
    const plugins = await client.plugins();
    const poll = plugins.find(({ name }) => name === 'poll')!;
    expect(poll.kinds[0]).toMatchObject({ name: 'poll.example/1', maxBytes: 8192, refs: [{ rel: 'about', max: 1 }] });
    expect(poll.views[0]!.questions.map(({ name }) => name)).toEqual(['result', 'list']);
    expect(poll.commands.map(({ name }) => name)).toEqual(['new', 'result']);
    expect(poll.panels.length).toBeGreaterThan(0);
  });

  test('each question stands in OpenAPI with its parameters, and its answers fit what stands there', async () => {
    const { id, wire } = await asks('Does it fit?');
    await counted(wire);
    const { paths } = (await (await fetch(`${node.url}/openapi.json`)).json()) as {
      paths: Record<
        string,
        {
          get?: {
            parameters?: { name: string; required?: boolean }[];
            responses: Record<string, { content: Record<string, { schema: JsonSchema }> }>;
          };
        }
      >;
    };
    const { parameters, responses } = paths['/v2/views/poll/result']!.get!;
    expect(parameters!.map(({ name, required }) => [name, required === true])).toEqual([
      ['id', true],
      ['at', false],
    ]);
    const asked: [string, Record<string, unknown>][] = [
      ['poll/result', { id }],
      ['poll/list', {}],
      ['standing/of', { id }],
      ['standing/claims', {}],
      ['forks/all', {}],
      ['identities/rotations', {}],
    ];
    for (const [path, params] of asked) {
      const [view, question] = path.split('/') as [string, string];
      const fits = compileSchema(
        paths[`/v2/views/${path}`]!.get!.responses['200']!.content['application/json']!.schema,
      );
      expect([path, fits(await client.view(view, question, params)), fits.errors]).toEqual([path, true, null]);
    }
    expect(responses['200']).toBeDefined();
    const fitsPlugins = compileSchema(paths['/v2/plugins']!.get!.responses['200']!.content['application/json']!.schema);
    expect([fitsPlugins(await (await fetch(`${node.url}/v2/plugins`)).json()), fitsPlugins.errors]).toEqual([
      true,
      null,
    ]);
  });
});

describe('questions', () => {
  test('are answered with the cursor that they rest on', async () => {
    const { id, wire } = await asks('Is it counted?');
    await counted(wire);
    await counted((await votes(id, 1, 11)).wire);
    const answer = await client.view('poll', 'result', { id });
    expect(answer).toMatchObject({
      result: { question: 'Is it counted?', result: [{ votes: 0 }, { votes: 1 }] },
      missing: [],
    });
    expect(answer.cursor.seq).toBeGreaterThan(0);
  });

  test.each([
    ['/v2/views/poll/result', 400, 'request.malformed'],
    ['/v2/views/poll/result?id=5', 400, 'request.malformed'],
    ['/v2/views/poll/list?limit=0', 400, 'request.malformed'],
    ['/v2/views/poll/list?limit=many', 400, 'request.malformed'],
    ['/v2/views/poll/list?unknown=1', 400, 'request.malformed'],
    ['/v2/views/poll/nothing', 404, 'request.not_found'],
    ['/v2/views/nothing/list', 404, 'request.not_found'],
  ])('GET %s is %i %s', async (path, status, code) => {
    expect(await problem(await fetch(node.url + path))).toEqual({ status, code });
  });

  test('a refused question is refused to a watcher as well', async () => {
    const response = await fetch(`${node.url}/v2/views/poll/result`, { headers: { accept: 'text/event-stream' } });
    expect(await problem(response)).toEqual({ status: 400, code: 'request.malformed' });
    const watched = client.watchView('poll', 'nothing', {}, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(watched.next()).rejects.toMatchObject({ code: 'request.not_found' });
  });
});

describe('watching', () => {
  test('an answer comes at once, and again when it has changed, not when something else arrives', async () => {
    const { id, wire } = await asks('Who watches?');
    await counted(wire);
    const ending = new AbortController();
    const watched = client.watchView('poll', 'result', { id }, ending.signal)[Symbol.asyncIterator]();
    const votesOf = ({ value }: IteratorResult<ViewAnswer>) =>
      (value as { result: { result: { votes: number }[] } }).result.result.map((option) => option.votes);
    expect(votesOf(await watched.next())).toEqual([0, 0]);
    const next = watched.next();
    await counted((await asks('Something else')).wire);
    await counted((await votes(id, 0, 12)).wire);
    expect(votesOf(await next)).toEqual([1, 0]);
    const last = watched.next();
    ending.abort();
    expect((await last).done).toBe(true);
  });

  test('a node that stops ends its watchers', async () => {
    const watched = client.watchView('poll', 'list', {}, new AbortController().signal)[Symbol.asyncIterator]();
    await watched.next();
    const next = watched.next();
    const ended = expect(next).rejects.toMatchObject({ code: 'node.unreachable' });
    await node.restart();
    await ended;
    client = createClient({ url: node.url });
  });
});

describe('before publishing', () => {
  test('a node says what it would not read, and keeps nothing', async () => {
    const good = await asks('Sound?');
    expect(await client.check(good.wire)).toEqual({
      id: good.id,
      kind: 'poll.example/1',
      author: expect.stringMatching(/^did:key:/),
    });
    const vote = await pollBlock({ choice: 1 } as never);
    expect((await client.check(vote.wire)).inert).toMatchObject({ code: 'kind.malformed' });
    const bad = good.wire.slice();
    bad[bad.length - 1]! ^= 1;
    await expect(client.check(bad)).rejects.toMatchObject({ code: 'block.body_mismatch' });
    expect(await client.has(good.id)).toBe(false);
  });
});

describe('verdicts', () => {
  test('reach blocks and hits, where they are asked for', async () => {
    const { id, wire } = await blockOf(['A sentence that is taken back']);
    await node.post(wire, 'application/cbor-seq', '?wait=indexed');
    expect(await client.verdicts(id)).toEqual([]);
    const again = await node.retraction(id);
    await client.publish([again]);
    const search = (more: object) => client.search({ text: 'taken back', k: 5, ...more });
    expect((await search({})).hits.map((hit) => hit.id)).not.toContain(id);
    const [hit] = (await search({ hidden: 'show', verdicts: true })).hits.filter((one) => one.id === id);
    expect(hit!.verdicts).toMatchObject([{ view: 'standing', says: 'retracted' }]);
    expect(await client.verdicts(id)).toEqual(hit!.verdicts);
    expect((await search({ verdicts: true })).hits.every(({ verdicts }) => verdicts === undefined)).toBe(true);
  });
});
