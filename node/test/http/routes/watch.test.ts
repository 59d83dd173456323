import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { WatchEvent, WatchRequest } from '@cosmicembeddings/sdk';
import { createClient, type NodeClient } from '@cosmicembeddings/sdk/api';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { blockOf, embedder, problem, testedNode } from '../node.ts';

const node = testedNode();
let client: NodeClient;
const open: AbortController[] = [];
beforeAll(() => {
  client = createClient({ url: node.url, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) });
});
afterEach(() => open.splice(0).forEach((one) => one.abort()));

const space = spaceIdOf(embedder.space);
const vectorOf = async (text: string) => (await embedder.embed([text], { role: 'query' })).vectors[0]!;

/** A watch that hands over its events one by one. */
function watching(request: WatchRequest) {
  const ending = new AbortController();
  open.push(ending);
  const events = client.watch(request, ending.signal)[Symbol.asyncIterator]();
  const next = async (): Promise<WatchEvent> => (await events.next()).value as WatchEvent;
  /** The next event of that type; what comes before it is kept. */
  const until = async <T extends WatchEvent['type']>(type: T): Promise<Extract<WatchEvent, { type: T }>> => {
    for (;;) {
      const event = await next();
      if (event.type === type) return event as Extract<WatchEvent, { type: T }>;
      if (event.type === 'hit' || event.type === 'gap') throw new Error(`${type} expected, ${JSON.stringify(event)}`);
    }
  };
  return { next, until, end: () => ending.abort() };
}

describe('a question that stands', () => {
  test('is told of what is near and of nothing else, once it can be found', async () => {
    const near = { vector: { space, values: await vectorOf('the kiln fires hot') } };
    const one = watching({ near, minScore: 0.4 });
    const { spaces } = await one.until('opened');
    expect(spaces).toMatchObject([{ space, minScore: 0.4 }]);
    await one.until('live');
    await client.publish([(await blockOf(['A lighthouse keeper counts gulls'])).wire]);
    const kiln = await blockOf(['the kiln fires hot', 'the kiln cools']);
    await client.publish([kiln.wire]);
    const { hit } = await one.until('hit');
    expect(hit).toMatchObject({ id: kiln.id, row: 0, passage: 'the kiln fires hot' });
    expect(hit.cosine).toBeCloseTo(1, 4);
    const found = await client.search({ vector: near.vector, k: 1 });
    expect(found.hits[0]!.id).toBe(kiln.id);
  });

  test('goes on behind a cursor, tells nothing twice, and says when a hit is taken back', async () => {
    const filter = { tagsAll: ['resumed'] };
    const first = watching({ filter });
    await first.until('live');
    const blocks = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        blockOf([`thing ${i}`], { tags: ['resumed'], timeMs: Date.now() - 9000 + i }),
      ),
    );
    for (const { wire } of blocks) await client.publish([wire]);
    const told: string[] = [];
    let cursor = '';
    for (let i = 0; i < 4; i++) {
      const event = await first.until('hit');
      told.push(event.hit.id);
      cursor = event.cursor;
    }
    first.end();
    const again = watching({ filter, after: cursor });
    for (let i = 0; i < 2; i++) told.push((await again.until('hit')).hit.id);
    expect(told).toEqual(blocks.map(({ id }) => id));
    await client.publish([await node.retraction(blocks[2]!.id)]);
    expect(await again.until('gone')).toMatchObject({ id: blocks[2]!.id });
    again.end();
    // A hit that was taken back meanwhile is not told any more; that it went is.
    const later = watching({ filter, after: cursor.replace(/\.\d+\.\d+$/, '.0.0') });
    const ids: string[] = [];
    let gone = 0;
    for (let event = await later.next(); event.type !== 'live'; event = await later.next()) {
      if (event.type === 'hit') ids.push(event.hit.id);
      if (event.type === 'gone') gone += 1;
    }
    expect(ids).toEqual([0, 1, 3, 4, 5].map((i) => blocks[i]!.id));
    expect(gone).toBe(1);
  });

  test('200 blocks of which ten match, cut after the fourth: ten, in order, and live once', async () => {
    const filter = { tagsAll: ['tenth'] };
    const { head } = await client.status();
    const after = `${head.epoch}.${head.seq}.0`;
    const blocks = await Promise.all(
      Array.from({ length: 200 }, (_, i) => blockOf([`row ${i}`], i % 20 === 0 ? { tags: ['tenth'] } : {})),
    );
    await client.publish(
      blocks.map(({ wire }) => wire),
      { wait: 'indexed' },
    );
    const told: { id: string; cursor: string }[] = [];
    const first = watching({ filter, after });
    while (told.length < 4) {
      const event = await first.until('hit');
      told.push({ id: event.hit.id, cursor: event.cursor });
    }
    first.end();
    const second = watching({ filter, after: told[3]!.cursor });
    const rest: WatchEvent[] = [];
    while (rest.filter(({ type }) => type === 'hit').length < 6 || !rest.some(({ type }) => type === 'live'))
      rest.push(await second.next());
    const ids = [...told.map(({ id }) => id), ...rest.flatMap((event) => (event.type === 'hit' ? [event.hit.id] : []))];
    const published = (await client.find(filter, { limit: 100, order: 'oldest' })).ids;
    expect(new Set(ids)).toEqual(new Set(published));
    expect(ids).toHaveLength(10);
    expect(rest.filter(({ type }) => type === 'live')).toHaveLength(1);
  });

  test.each([
    ['of another life of the store', 'another.5.0', 'epoch'],
    ['from the future', undefined, 'future'],
  ])('a cursor %s gets a gap that says what to do', async (_name, given, reason) => {
    const { head } = await client.status();
    const one = watching({ filter: {}, after: given ?? `${head.epoch}.${head.seq + 1000}.0` });
    await one.until('opened');
    expect(await one.next()).toMatchObject({ type: 'gap', reason, advice: expect.stringMatching(/Search once/) });
    await one.until('live');
  });

  test('of one author a minute tells sixteen, and how many it held', async () => {
    const one = watching({ filter: { tagsAll: ['many'] } });
    await one.until('live');
    const many = await Promise.all(Array.from({ length: 40 }, (_, i) => blockOf([`many ${i}`], { tags: ['many'] })));
    await client.publish(
      many.map(({ wire }) => wire),
      { wait: 'indexed' },
    );
    const { head } = await client.status();
    one.end();
    const counted = watching({ filter: { tagsAll: ['many'] }, after: `${head.epoch}.0.0` });
    let [hits, held] = [0, 0];
    for (let event = await counted.next(); event.type !== 'live'; event = await counted.next()) {
      if (event.type === 'hit') hits += 1;
      if (event.type === 'held') held += event.n;
    }
    // A minute may have begun while they came.
    expect(hits + held).toBe(40);
    expect(hits).toBeLessThanOrEqual(32);
    const named = watching({
      filter: { tagsAll: ['many'], authors: [await authorOf(many[0]!.id)] },
      after: `${head.epoch}.0.0`,
    });
    for (let i = 0; i < 40; i++) await named.until('hit');
  });

  test('refuses what it cannot answer, before anything is sent', async () => {
    const ask = (body: object) => node.postJson('/v2/watch', JSON.stringify(body));
    expect(await problem(await ask({ after: 'nonsense' }))).toEqual({ status: 400, code: 'request.malformed' });
    expect(await problem(await ask({ near: {} }))).toEqual({ status: 400, code: 'request.malformed' });
    expect(await problem(await ask({ surprise: 1 }))).toEqual({ status: 400, code: 'request.malformed' });
    expect(await problem(await ask({ near: { vector: { space: 'x', values: [1] } } }))).toMatchObject({ status: 404 });
  });
});

describe('over a WebSocket', () => {
  interface Told {
    readonly sub: string;
    readonly type: string;
    readonly code?: string;
    readonly hit?: { readonly id: string };
  }
  const sockets: WebSocket[] = [];
  afterEach(() => sockets.splice(0).forEach((one) => one.close()));

  async function connected() {
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/v2/watch`);
    sockets.push(socket);
    const told: Told[] = [];
    let wake: (() => void) | undefined;
    socket.on('message', (data: Buffer) => {
      told.push(JSON.parse(String(data)) as Told);
      wake?.();
    });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const next = async (wanted: (one: Told) => boolean): Promise<Told> => {
      for (;;) {
        const at = told.findIndex(wanted);
        if (at >= 0) return told.splice(at, 1)[0]!;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    return { send: (frame: object) => socket.send(JSON.stringify(frame)), next, told, socket };
  }

  test('several watches, hits as far as there is credit', async () => {
    const { send, next, told } = await connected();
    send({ type: 'open', sub: 'a', filter: { tagsAll: ['socket'] }, credit: 1 });
    send({ type: 'open', sub: 'b', after: 'nonsense' });
    expect(await next(({ sub }) => sub === 'b')).toMatchObject({ type: 'closed', code: 'request.malformed' });
    await next(({ sub, type }) => sub === 'a' && type === 'live');
    const blocks = [await blockOf(['one'], { tags: ['socket'] }), await blockOf(['two'], { tags: ['socket'] })];
    for (const { wire } of blocks) await client.publish([wire], { wait: 'indexed' });
    expect((await next(({ type }) => type === 'hit')).hit!.id).toBe(blocks[0]!.id);
    // A second watch that is told of both shows that the first has been told of what it will be without more credit.
    send({
      type: 'open',
      sub: 'c',
      filter: { tagsAll: ['socket'] },
      after: `${(await client.status()).head.epoch}.0.0`,
      credit: 9,
    });
    await next(({ sub, type }) => sub === 'c' && type === 'live');
    expect(told.filter(({ sub, type }) => sub === 'a' && type === 'hit')).toEqual([]);
    send({ type: 'credit', sub: 'a', credit: 1 });
    expect((await next(({ sub, type }) => sub === 'a' && type === 'hit')).hit!.id).toBe(blocks[1]!.id);
  });

  test('at most sixteen, and only frames of a watch', async () => {
    const { send, next, socket } = await connected();
    for (let i = 0; i < 17; i++) send({ type: 'open', sub: `${i}`, filter: { tagsAll: ['none'] } });
    expect(await next(({ type }) => type === 'closed')).toMatchObject({ code: 'node.busy' });
    const closed = new Promise<number>((resolve) => socket.once('close', (code: number) => resolve(code)));
    send({ type: 'dance' });
    expect(await closed).toBe(1008);
  });

  test('a page of another origin is refused', async () => {
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/v2/watch`, { origin: 'https://evil.example' });
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toMatch(/403/);
  });
});

async function authorOf(id: string): Promise<string> {
  const response = await fetch(`${node.url}/v2/blocks/${id}`, { headers: { accept: 'application/json' } });
  return ((await response.json()) as { created_by: string }).created_by;
}
