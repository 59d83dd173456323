import { expect, test } from '@jest/globals';
import { viewTools } from '@cosmicembeddings/sdk/agent/tools';
import { createMcpHttp, watchUri } from '@cosmicembeddings/sdk/mcp';
import { costOfTool } from '../../../src/http/cost.js';
import { testedNode } from '../node.ts';

const node = testedNode();

const ask = (body: string): Promise<Response> =>
  fetch(`${node.url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body,
  });
const call = (args: string): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"cosmic_search","arguments":${args}}}`;

test('a batch may not read a hundred questions that stand, each of them a search', async () => {
  const uri = watchUri({ near: 'a river', minScore: -1 });
  const read = (id: number) => ({ jsonrpc: '2.0', id, method: 'resources/read', params: { uri } });
  const refused = await ask(JSON.stringify(Array.from({ length: 9 }, (_, id) => read(id))));
  expect([refused.status, await refused.text()]).toEqual([
    413,
    expect.stringMatching(/9 calls in one batch, at most 8/),
  ]);
  expect((await ask(JSON.stringify(Array.from({ length: 8 }, (_, id) => read(id))))).status).toBe(200);
});

test('what is wrong with arguments is said in a few words, however much is', async () => {
  const wide = await ask(call(`{"query":"a",${Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join()}}`));
  const text = await wide.text();
  expect(wide.status).toBe(200);
  expect(text).toMatch(/additional properties/);
  expect(text.length).toBeLessThan(2000);
});

test('arguments of any depth are an answer', async () => {
  const deep = await ask(call(`{"query":"a","where":${'['.repeat(200_000)}${']'.repeat(200_000)}}`));
  expect([deep.status, await deep.text()]).toEqual([200, expect.stringMatching(/where must be object/)]);
});

test('what is asked for counts, and what has to be looked through', () => {
  const of = (args: unknown): number =>
    costOfTool({ method: 'tools/call', params: { name: 'cosmic_search', arguments: args } });
  expect(of({ query: 'a', k: 1 })).toBeLessThan(1);
  expect(of({ query: 'a'.repeat(8192), k: 1 })).toBeGreaterThan(10);
  expect(of({ query: 'a', k: 1, where: { $and: [{ '#text': 'a' }, { $not: { '#text': 'b' } }] } })).toBeGreaterThan(
    100,
  );
  expect(costOfTool({ method: 'resources/read', params: { uri: 'cosmic://watch/e30' } })).toBeGreaterThan(10);
  expect(costOfTool({ method: 'tools/list' })).toBe(0);
});

test('a question to a view takes the turn of whoever asks it', async () => {
  const asked: (string | undefined)[] = [];
  const question = { name: 'of', describe: 'what', params: { type: 'object', properties: {} }, answer: {} };
  const tools = viewTools(
    [{ name: 'p', kinds: [], commands: [], panels: [], views: [{ name: 'v', version: 1, questions: [question] }] }],
    (_view, _question, _params, who) => {
      asked.push(who);
      return Promise.resolve({ result: {}, cursor: { epoch: 'e', seq: 1 }, missing: [] });
    },
    (length) => new Uint8Array(length),
  );
  const http = createMcpHttp({
    maxSubscriptions: 1,
    bodyMaxBytes: 10_000,
    reader: { watch: () => undefined as never },
    onError: (error) => {
      throw error;
    },
  });
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'cosmic_view_v_of', arguments: {} } };
  for (const who of ['203.0.113.5', 'key lab']) {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const request = new Request('http://node/mcp', { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = await http.answer(request, body, {
      version: '1',
      tools,
      resources: { reader: undefined as never },
      instructions: '',
      who,
    });
    expect(await answer.text()).toMatch(/"structuredContent"/);
  }
  expect(asked).toEqual(['203.0.113.5', 'key lab']);
  await http.close();
});
