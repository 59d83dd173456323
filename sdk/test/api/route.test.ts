import { expect, test } from '@jest/globals';
import { problemOf, type Code } from '../../src/index.js';
import { createClient, type ClientOptions, type NodeClient } from '../../src/api/index.js';

/** Two nodes and more as a `fetch`: what each answers is set by the test, what each was asked is kept. */
function nodes(count = 2) {
  const urls = Array.from({ length: count }, (_, i) => `http://node${i}`);
  const down = new Map<string, Code | 'gone' | 'lost' | 'full' | 'torn'>();
  const blocks = new Map<string, Set<string>>(urls.map((url) => [url, new Set()]));
  const networks = new Map(urls.map((url) => [url, 'dev']));
  const asked: { url: string; path: string; token: string | null; body: unknown }[] = [];
  let nowMs = 0;
  const answer = (status: number, value: unknown): Response => new Response(JSON.stringify(value), { status });
  const options: ClientOptions = {
    url: urls,
    now: () => nowMs,
    fetch: async (input, init) => {
      const { origin, pathname } = new URL(input as string);
      const kept = blocks.get(origin)!;
      const fault = down.get(origin);
      const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : init?.body;
      if (pathname !== '/v2/status')
        asked.push({ url: origin, path: pathname, token: new Headers(init?.headers).get('authorization'), body });
      if (fault === 'gone') throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
      if (fault === 'torn' && pathname !== '/v2/status')
        return new Response(new ReadableStream({ start: (torn) => torn.error(new TypeError('terminated')) }));
      if (fault !== undefined && !['lost', 'full', 'torn'].includes(fault))
        return answer(503, problemOf(fault as Code, ''));
      if (pathname === '/v2/status') return answer(200, { node: origin, network: networks.get(origin) });
      if (pathname === '/v2/blocks' && fault === 'full') {
        const problem = problemOf('node.storage_full', 'full');
        return answer(507, { ...problem, results: [{ status: 'rejected', code: problem.code, detail: 'full' }] });
      }
      if (pathname === '/v2/blocks') {
        const id = String((init!.body as Uint8Array)[0]);
        const status = kept.has(id) ? 'known' : 'stored';
        kept.add(id);
        if (fault === 'lost') throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
        return answer(200, { results: [{ status, id, seq: kept.size }] });
      }
      if (pathname === '/v2/search') return answer(200, { hits: [], queries: [], next: 'page2' });
      if (init?.method === 'HEAD')
        return new Response(null, { status: kept.has(pathname.split('/').at(-1)!) ? 200 : 404 });
      return answer(200, { ids: [], peers: [] });
    },
  };
  return {
    urls,
    down,
    blocks,
    networks,
    asked,
    client: (more: Partial<ClientOptions> = {}): NodeClient => createClient({ ...options, ...more }),
    pass: (ms: number) => void (nowMs += ms),
    askedOf: (url: string) => asked.filter((one) => one.url === url).length,
  };
}

const block = (n: number): Uint8Array => Uint8Array.of(n);
const find = (client: NodeClient): Promise<unknown> => client.find({}, { limit: 1 });

test('reads are spread over all nodes, blocks go to the first', async () => {
  const world = nodes(3);
  const client = world.client();
  for (let i = 0; i < 30; i++) await find(client);
  expect(world.urls.map(world.askedOf)).toEqual([10, 10, 10]);
  await client.publish([block(1)]);
  await client.publish([block(2)]);
  expect([...world.blocks.values()].map(({ size }) => size)).toEqual([2, 0, 0]);
});

test('a node that does not answer is asked again after 1 s, 2 s, 4 s; meanwhile the other answers alone', async () => {
  const world = nodes();
  const client = world.client();
  world.down.set(world.urls[1]!, 'gone');
  for (const restMs of [1000, 2000, 4000]) {
    world.asked.length = 0;
    for (let i = 0; i < 10; i++) await find(client);
    expect(world.askedOf(world.urls[0]!)).toBe(10);
    expect(client.health()[1]).toMatchObject({ state: 'resting', lastError: expect.stringContaining('ECONNREFUSED') });
    world.pass(restMs - 1);
    expect(client.health()[1]!.state).toBe('resting');
    world.pass(1);
    expect(client.health()[1]!.state).toBe('well');
  }
  world.down.clear();
  world.asked.length = 0;
  for (let i = 0; i < 10; i++) await find(client);
  expect(world.askedOf(world.urls[1]!)).toBe(5);
});

test.each(['gone', 'node.busy', 'node.stopping', 'node.internal', 'node.storage_full', 'view.building'] as const)(
  '%s: a block goes to the next node, once',
  async (fault) => {
    const world = nodes();
    world.down.set(world.urls[0]!, fault);
    const [answer] = await world.client().publish([block(1)]);
    expect(answer).toMatchObject({ status: 'stored' });
    expect([...world.blocks.values()].map(({ size }) => size)).toEqual([0, 1]);
  },
);

test('a block that a node refuses because of itself goes to the next; where all do, that is its answer', async () => {
  const world = nodes();
  const client = world.client();
  world.down.set(world.urls[0]!, 'full');
  expect(await client.publish([block(1)])).toMatchObject([{ status: 'stored', id: '1' }]);
  expect([...world.blocks.values()].map(({ size }) => size)).toEqual([0, 1]);
  expect(client.health()[0]).toMatchObject({ state: 'resting' });
  world.down.set(world.urls[1]!, 'full');
  expect(await client.publish([block(2)])).toMatchObject([{ status: 'rejected', code: 'node.storage_full' }]);
});

test('an answer that is lost leaves one block, whichever node has it', async () => {
  const world = nodes();
  world.down.set(world.urls[0]!, 'lost');
  const client = world.client();
  expect(await client.publish([block(1)])).toMatchObject([{ status: 'stored', id: '1' }]);
  expect([...world.blocks.values()].map((kept) => [...kept])).toEqual([['1'], ['1']]);
  world.down.clear();
  world.pass(2_000);
  expect(await client.publish([block(1)])).toMatchObject([{ status: 'known', id: '1' }]);
});

test('an answer that breaks off is asked of the next node', async () => {
  const world = nodes();
  const client = world.client();
  for (const url of world.urls) {
    world.down.clear();
    world.down.set(url, 'torn');
    world.pass(60_000);
    for (let i = 0; i < 2; i++) expect(await client.get('1')).toMatchObject({ id: '1' });
    expect(client.health().map(({ state }) => state)).toContain('resting');
  }
  for (const url of world.urls) world.down.set(url, 'torn');
  await expect(client.get('1')).rejects.toMatchObject({ code: 'node.unreachable' });
  await expect(client.read(['1'])).rejects.toMatchObject({ code: 'node.unreachable' });
});

test('what the reader itself refused is no reason to ask another', async () => {
  const world = nodes();
  for (const url of world.urls) world.down.set(url, 'search.bad_query');
  await expect(find(world.client())).rejects.toMatchObject({ code: 'search.bad_query' });
  expect(world.asked).toHaveLength(0);
});

test('after its own writing a client reads from the node that took it, for ten seconds', async () => {
  const world = nodes();
  const client = world.client();
  await client.publish([block(1)]);
  world.asked.length = 0;
  for (let i = 0; i < 6; i++) await find(client);
  expect(world.urls.map(world.askedOf)).toEqual([6, 0]);
  world.pass(10_001);
  for (let i = 0; i < 6; i++) await find(client);
  expect(world.askedOf(world.urls[1]!)).toBe(3);
});

test('what one node has not got, another is asked for', async () => {
  const world = nodes(3);
  world.blocks.get(world.urls[2]!)!.add('b');
  const client = world.client();
  for (let i = 0; i < 3; i++) expect(await client.has('b')).toBe(true);
  expect(await client.has('c')).toBe(false);
});

test('a further page is asked of the node that answered the one before', async () => {
  const world = nodes(3);
  const client = world.client();
  for (let i = 0; i < 3; i++) {
    world.asked.length = 0;
    const { next } = await client.search({ text: 'x', k: 1 });
    const first = world.asked[0]!.url;
    await client.search({ text: 'x', k: 1, after: next! });
    expect(world.asked[1]).toMatchObject({ url: first, body: { after: 'page2' } });
  }
  const { next } = await client.search({ text: 'x', k: 1 });
  world.down.set(world.asked.at(-1)!.url, 'gone');
  await expect(client.search({ text: 'x', k: 1, after: next! })).rejects.toMatchObject({ code: 'node.unreachable' });
});

test('only the first node is told the token, and asked what needs it', async () => {
  const world = nodes();
  const client = world.client({ token: 'secret' });
  for (let i = 0; i < 4; i++) await find(client);
  await client.peers();
  expect(new Set(world.asked.map(({ url, token }) => `${url} ${token}`))).toEqual(
    new Set(['http://node0 Bearer secret', 'http://node1 null']),
  );
  world.down.set(world.urls[0]!, 'gone');
  await expect(client.peers()).rejects.toMatchObject({ code: 'node.unreachable' });
  const each = world.client({ url: [{ url: world.urls[1]!, token: 'other' }] });
  world.asked.length = 0;
  await find(each);
  expect(world.asked[0]!.token).toBe('Bearer other');
});

test('nodes of different networks are not mixed, and nobody at all says each reason', async () => {
  const world = nodes();
  world.networks.set(world.urls[1]!, 'other');
  const client = world.client();
  const both = await Promise.allSettled([find(client), find(client), find(client)]);
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'config.malformed', message: expect.stringContaining('network') },
  });
  const silent = nodes();
  for (const url of silent.urls) silent.down.set(url, 'gone');
  await expect(find(silent.client())).rejects.toMatchObject({
    code: 'node.unreachable',
    message: expect.stringMatching(/node0.*node1|node1.*node0/),
  });
  expect(() => createClient({ url: [] })).toThrow(expect.objectContaining({ code: 'config.malformed' }));
});
