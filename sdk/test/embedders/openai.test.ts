import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { costOf, createEmbedder, type OpenAiConfig } from '../../src/embedders/index.js';
import { nodeEmbedderHost } from '../../src/embedders/node/index.js';

/** A service of four dimensions whose vectors say how long the text is; `answers` come before that, one a request. */
type Handler = (input: string[], response: ServerResponse, request: IncomingMessage) => void;
const answers: Handler[] = [];
const requests: { input: string[]; headers: IncomingMessage['headers']; input_type?: string }[] = [];
const pauses: number[] = [];
const host = {
  ...nodeEmbedderHost,
  sleep: async (ms: number) => void pauses.push(ms),
  random: () => 0.5,
  env: (name: string) => (name === 'THE_KEY' ? 'secret' : undefined),
};
let server: Server;
let url: string;

const rowOf = (text: string): number[] => [text.length, 1, 0, 0];
const send = (response: ServerResponse, body: unknown, status = 200, headers = {}): void =>
  void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
const good: Handler = (input, response) =>
  send(response, {
    data: input.map((text, index) => ({ index, embedding: rowOf(text) })),
    usage: { total_tokens: input.length * 10 },
  });
const status =
  (code: number, headers = {}): Handler =>
  (_, response) =>
    send(response, { error: 'no' }, code, headers);
const config = (more: Partial<OpenAiConfig> = {}): OpenAiConfig => ({
  type: 'openai',
  url,
  model: 'm',
  dims: 4,
  ...more,
});
const embed = async (texts: string[], more: Partial<OpenAiConfig> = {}, signal?: AbortSignal) =>
  (await createEmbedder(config(more), host)).embed(texts, {
    role: 'passage',
    ...(signal === undefined ? {} : { signal }),
  });

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += part));
    request.on('end', () => {
      const { input, input_type } = JSON.parse(text) as { input: string[]; input_type?: string };
      requests.push({ input, headers: request.headers, ...(input_type === undefined ? {} : { input_type }) });
      (answers.shift() ?? good)(input, response, request);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  answers.length = requests.length = pauses.length = 0;
});

test('batches keep the order of the texts, tokens add up, the key is sent', async () => {
  const texts = Array.from({ length: 7 }, (_, i) => 'x'.repeat(i + 1));
  const { vectors, chargedTokens } = await embed(texts, { batch: 3, keyEnv: 'THE_KEY' });
  expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(requests.map(({ input }) => input.length).sort()).toEqual([1, 3, 3]);
  expect(requests[0]!.headers.authorization).toBe('Bearer secret');
  expect(chargedTokens).toBe(70);
  expect(costOf(config({ pricePerMillionTokens: 0.5 }), 70)).toBeCloseTo(0.000035, 12);
  expect(costOf(config(), 70)).toBeUndefined();
});

test('a busy or broken service is asked again, after the pause it names or a growing one', async () => {
  const date = new Date(1.7e12);
  answers.push(
    status(429, { 'retry-after': '7' }),
    status(429, { date: date.toUTCString(), 'retry-after': new Date(1.7e12 + 9000).toUTCString() }),
    status(503),
    status(500),
  );
  expect((await embed(['a'])).vectors).toHaveLength(1);
  expect(pauses).toEqual([7000, 9000, 1500, 3000]);
});

test('a service that stays broken, or asks for a long pause, is unavailable', async () => {
  for (let i = 0; i < 3; i++) answers.push(status(500));
  await expect(embed(['a'], { attempts: 3 })).rejects.toMatchObject({
    code: 'embedder.unavailable',
    detail: expect.stringMatching(/HTTP 500.*\(3 attempts\)/),
  });
  expect(pauses).toHaveLength(2);
  answers.push(status(429, { 'retry-after': '86400' }));
  await expect(embed(['a'])).rejects.toMatchObject({
    code: 'embedder.unavailable',
    detail: expect.stringContaining('pause of 86400 s'),
  });
});

test('half a body, a closed connection and silence are asked again', async () => {
  answers.push(
    (_, response) => send(response, '{"data":[{"embedd'),
    (_, response) => void response.destroy(),
    () => undefined,
    (input, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('{"data":[', () => response.destroy());
    },
  );
  expect((await embed(['a'], { timeoutMs: 200 })).vectors).toHaveLength(1);
  expect(requests).toHaveLength(5);
});

const one =
  (embedding: unknown, index = 0): Handler =>
  (_, response) =>
    send(response, { data: [{ index, embedding }] });
test.each<[string, Handler]>([
  ['other dimensions', one([1, 2, 3])],
  ['a null', one([1, null, 3, 4])],
  ['a text', one('AAAA')],
  ['zeros', one([0, 0, 0, 0])],
  ['an index out of range', one([1, 2, 3, 4], 5)],
  ['a negative index', one([1, 2, 3, 4], -1)],
  ['NaN', (_, response) => send(response, '{"data":[{"index":0,"embedding":[NaN,1,1,1]}]}')],
  ['no data', (_, response) => send(response, { object: 'list' })],
  ['null instead of an item', (_, response) => send(response, { data: [null] })],
  ['too many', (_, response) => send(response, { data: [{ embedding: rowOf('a') }, { embedding: rowOf('b') }] })],
  ['an unknown model', status(404)],
])('%s is a bad answer, not asked for again', async (_, answer) => {
  answers.push(answer);
  await expect(embed(['a'])).rejects.toMatchObject({ code: 'embedder.bad_answer' });
  expect(requests).toHaveLength(1);
});

test('a refused key names the variable and does not show the key', async () => {
  answers.push(status(401));
  const failure = await embed(['a'], { keyEnv: 'THE_KEY' }).catch((error: Error) => error.message);
  expect(failure).toContain('THE_KEY');
  expect(failure).not.toContain('secret');
});

test('one failed request stops those that were to follow', async () => {
  answers.push(status(400));
  await expect(
    embed(
      Array.from({ length: 20 }, () => 'a'),
      { batch: 1, concurrency: 2 },
    ),
  ).rejects.toMatchObject({ code: 'embedder.bad_answer' });
  expect(requests.length).toBeLessThan(20);
});

test('a stopped call rejects with the reason of its signal', async () => {
  const stop = new AbortController();
  answers.push(() => stop.abort(new Error('enough')));
  await expect(embed(['a'], {}, stop.signal)).rejects.toThrow('enough');
});

test('prefixes go by role, or the role itself is sent', async () => {
  const prefixed = await createEmbedder(config({ queryPrefix: 'query: ', passagePrefix: 'passage: ' }), host);
  await prefixed.embed(['a'], { role: 'query' });
  await prefixed.embed(['a'], { role: 'passage' });
  const typed = await createEmbedder(config({ inputType: true }), host);
  await typed.embed(['a'], { role: 'query' });
  expect(requests.map(({ input, input_type }) => [input[0], input_type])).toEqual([
    ['query: a', undefined],
    ['passage: a', undefined],
    ['a', 'query'],
  ]);
  expect(typed.space).toMatchObject({ query_prefix: null, passage_prefix: null });
});

test('texts that may be too long go alone, and are reported when they were', async () => {
  const { truncated, tokens } = await embed(['a', 'b'.repeat(50), 'c'], { maxTokens: 10 });
  expect(requests.map(({ input }) => input.length).sort()).toEqual([1, 2]);
  expect(truncated).toEqual([false, true, false]);
  expect(tokens).toEqual([null, 10, null]);
});

test('an empty text is refused before anything is sent', async () => {
  await expect(embed(['a', ' \n'])).rejects.toMatchObject({ code: 'input.empty' });
  expect(requests).toHaveLength(0);
});

test('a space that is claimed has to be proven', async () => {
  await expect(createEmbedder(config({ space: 'all-minilm-l6-v2-q8-256' }), host)).rejects.toMatchObject({
    code: 'embedder.bad_answer',
  });
  await expect(createEmbedder(config({ space: 'multilingual-e5-small' }), host)).rejects.toMatchObject({
    code: 'space.canary_failed',
  });
  await expect(createEmbedder(config({ space: 'no-such' }), host)).rejects.toMatchObject({ code: 'config.malformed' });
});

describe('one bad text fails no other', () => {
  const upTo =
    (max: number, code = 422): Handler =>
    (input, response, request) =>
      input.length > max
        ? send(response, { message: `batch size ${input.length} > maximum allowed batch size ${max}` }, code)
        : good(input, response, request);
  const all = (handler: Handler): void => void answers.push(...Array.from({ length: 200 }, () => handler));

  test.each([422, 413, 400])('a service that takes 32 texts a request and answers %i to more', async (code) => {
    all(upTo(32, code));
    const texts = Array.from({ length: 200 }, (_, i) => 'x'.repeat(i + 1));
    const { vectors } = await embed(texts, { concurrency: 1 });
    expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual(texts.map(({ length }) => length));
    // Once learnt, the limit is kept to.
    expect(requests.filter(({ input }) => input.length > 32)).toHaveLength(1);
    expect(pauses).toEqual([]);
  });

  test('a service that answers the first few of many without a word', async () => {
    all((input, response, request) => good(input.slice(0, 10), response, request));
    expect((await embed(Array.from({ length: 64 }, () => 'x'))).vectors).toHaveLength(64);
  });

  test('a text that it will not take is named in its own words, and that alone', async () => {
    all((input, response, request) =>
      input.some((text) => text.length > 100)
        ? send(response, { error: { message: 'the input length exceeds the context length' } }, 400)
        : good(input, response, request),
    );
    await expect(embed(['a', 'b', 'x'.repeat(101)])).rejects.toMatchObject({
      code: 'embedder.bad_answer',
      detail: expect.stringMatching(/: HTTP 400 the input length exceeds the context length$/),
    });
    expect(requests.at(-1)!.input).toHaveLength(1);
  });

  test('a model too slow for many at a time is asked for fewer, for one with more time', async () => {
    all((input, response, request) =>
      setTimeout(() => good(input, response, request), input.length > 1 ? 600 : input[0] === 'slow' ? 60 : 0),
    );
    const { vectors } = await embed(['a', 'bb', 'slow'], { timeoutMs: 40 });
    expect(vectors).toHaveLength(3);
  });

  test('an error inside status 200 is one: final, or asked again where it says so', async () => {
    answers.push((_, response) => send(response, { error: { message: 'upstream is overloaded', code: 429 } }));
    expect((await embed(['a'])).vectors).toHaveLength(1);
    expect(pauses).toHaveLength(1);
    answers.push((_, response) => send(response, { error: { message: 'no such model', code: 404 } }));
    await expect(embed(['a'])).rejects.toMatchObject({
      code: 'embedder.bad_answer',
      detail: expect.stringMatching(/: no such model$/),
    });
  });

  test('whoever names a pause is asked again, whatever the status', async () => {
    answers.push((_, response) => send(response, { detail: 'loading' }, 409, { 'retry-after': '3' }));
    await embed(['a']);
    expect(pauses).toEqual([3000]);
  });
});
