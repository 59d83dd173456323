import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createBlock, portableChecks, sha256, signerOfSeed, toBase64, utf8 } from '@cosmicembeddings/sdk';
import { watchUri } from '@cosmicembeddings/sdk/mcp';
import { openMemory } from '@cosmicembeddings/sdk/agent';
import { testedNode } from '../node.ts';

const node = testedNode();
const clients: Client[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
});

const signer = (name: string) => signerOfSeed(sha256(utf8(name)));
let kiln: string;
beforeAll(async () => {
  const ada = await openMemory({ node: node.url, key: signer('ada'), embedder: 'lexical' });
  const done = await ada.remember('The kiln fires at 1240 °C.', { id: 'kiln', metadata: { topic: 'pottery' } });
  kiln = done.block!;
});

async function connect(era: 'legacy' | 'auto'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url)));
  clients.push(client);
  return client;
}

interface Called {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
}
const call = async (client: Client, name: string, args: Record<string, unknown>): Promise<Called> =>
  (await client.callTool({ name, arguments: args })) as unknown as Called;

describe.each(['legacy', 'auto'] as const)('%s protocol over HTTP', (era) => {
  test('reads, and signs for nobody', async () => {
    const client = await connect(era);
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names.slice(0, 6)).toEqual([
      'cosmic_search',
      'cosmic_get',
      'cosmic_list',
      'cosmic_since',
      'cosmic_related',
      'cosmic_verify',
    ]);
    expect(names).not.toContain('cosmic_remember');
    expect(names).not.toContain('cosmic_forget');
    expect(names).toContain('cosmic_publish_signed');
    const found = await call(client, 'cosmic_search', { query: 'the kiln fires', where: { topic: 'pottery' } });
    expect(found.structuredContent).toMatchObject({
      hits: [
        {
          id: 'kiln',
          block: kiln,
          verified: true,
          time_tier: 'claimed',
          standing: [],
          author: { mine: false, trusted: false },
        },
      ],
    });
    expect(found.content[0]!.text).toMatch(/a stranger/);
    expect((await call(client, 'cosmic_verify', { block: kiln })).structuredContent).toMatchObject({ valid: true });
    expect((await call(client, 'cosmic_get', { block: kiln })).structuredContent).toMatchObject({
      item: { untrusted_text: 'The kiln fires at 1240 °C.' },
    });
    const noAuthor = await call(client, 'cosmic_get', { id: 'kiln' });
    expect([noAuthor.isError, noAuthor.content[0]!.text]).toEqual([true, expect.stringMatching(/^request.malformed/)]);
  });

  test('asks views with their own schemas', async () => {
    const client = await connect(era);
    const { tools } = await client.listTools();
    const asked = tools.filter(({ name }) => name.startsWith('cosmic_view_'));
    expect(asked.map(({ name }) => name)).toContain('cosmic_view_standing_of');
    const answer = await call(client, 'cosmic_view_standing_of', { id: kiln });
    expect(answer.structuredContent).toMatchObject({ result: expect.anything(), missing: [] });
    expect((await call(client, 'cosmic_view_standing_of', { nonsense: 1 })).isError).toBe(true);
  });

  test('reads a block as a resource', async () => {
    const client = await connect(era);
    const { contents } = await client.readResource({ uri: `cosmic://block/${kiln}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ block: kiln });
    await expect(client.readResource({ uri: 'cosmic://block/nothing' })).rejects.toThrow();
  });

  test('says what is new since a cursor', async () => {
    const client = await connect(era);
    const begun = await call(client, 'cosmic_since', { where: { topic: 'glass' } });
    expect(begun.structuredContent).toMatchObject({ hits: [], more: false });
    const { cursor } = begun.structuredContent as { cursor: string };
    const ada = await openMemory({ node: node.url, key: signer('ada'), embedder: 'lexical' });
    const { block } = await ada.remember(`Glass melts, says ${era}.`, { metadata: { topic: 'glass' } });
    // It is found at once and told a moment later.
    let told: Record<string, unknown> = {};
    while (((told['hits'] as unknown[] | undefined) ?? []).length === 0)
      told = (await call(client, 'cosmic_since', { where: { topic: 'glass' }, after: cursor })).structuredContent!;
    expect(told).toMatchObject({ hits: [{ block }], gone: [], more: false });
    const again = await call(client, 'cosmic_since', { where: { topic: 'glass' }, after: told['cursor'] });
    expect(again.structuredContent).toMatchObject({ hits: [] });
    const lost = await call(client, 'cosmic_since', { after: 'another.1.0' });
    expect(lost.structuredContent).toMatchObject({ gap: expect.stringMatching(/^epoch: /) });
  });

  test('takes blocks that were signed elsewhere', async () => {
    const client = await connect(era);
    const { wire, id } = await createBlock(
      { kind: 'retract/1', fields: {}, refs: [{ rel: 'retracts', id: kiln }], timeMs: Date.now() - 1000 },
      {
        signer: signer(`mallory ${era}`),
        network: 'dev',
        registry: portableChecks('dev').registry,
        sky: portableChecks('dev').sky as never,
        salt: () => new Uint8Array(16),
      },
    );
    const sent = await call(client, 'cosmic_publish_signed', { blocks: [toBase64(wire)] });
    expect(sent.structuredContent).toEqual({ results: [{ status: 'stored', id }] });
    const broken = await call(client, 'cosmic_publish_signed', { blocks: [toBase64(wire.slice(0, 40))] });
    expect(broken.structuredContent).toMatchObject({ results: [{ status: 'rejected' }] });
    const nonsense = await call(client, 'cosmic_publish_signed', { blocks: ['%%%'] });
    expect(nonsense.content[0]!.text).toMatch(/^request.malformed/);
  });
});

test('a question that stands is a resource that tells of changes', async () => {
  const client = await connect('auto');
  const uri = watchUri({ where: { topic: 'weaving' } });
  const changed = new Promise<string>((resolve) =>
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => resolve(params.uri)),
  );
  const before = await client.readResource({ uri });
  const text = (one: typeof before): { matches: unknown[]; cursor: string } =>
    JSON.parse((one.contents[0] as { text: string }).text) as never;
  expect(text(before)).toMatchObject({ matches: [], cursor: expect.stringMatching(/\.\d+\.0$/) });
  await client.listen({ resourceSubscriptions: [uri] });
  const ada = await openMemory({ node: node.url, key: signer('ada'), embedder: 'lexical' });
  await ada.remember('Warp and weft.', { metadata: { topic: 'weaving' } });
  expect(await changed).toBe(uri);
  expect(text(await client.readResource({ uri })).matches).toHaveLength(1);
  await expect(client.readResource({ uri: 'cosmic://watch/nonsense' })).rejects.toThrow();
});

describe('who asks', () => {
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const ask = (headers: Record<string, string>, method = 'POST') =>
    fetch(new URL('/mcp', node.url), {
      method,
      headers: {
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      ...(method === 'POST' ? { body: ping } : {}),
    });

  test('a page of another origin is refused, and so are sessions', async () => {
    expect((await ask({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask({})).status).toBe(200);
    expect((await ask({}, 'GET')).status).toBe(405);
    expect((await ask({}, 'DELETE')).status).toBe(405);
    expect((await ask({ 'content-type': 'text/plain' })).status).toBeGreaterThanOrEqual(400);
  });
});

test('a batch of more calls than a few is refused before any of them is made', async () => {
  const call = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'cosmic_search', arguments: { query: 'heron' } },
  });
  const response = await node.postJson('/mcp', JSON.stringify(Array.from({ length: 9 }, (_, id) => call(id))));
  expect(response.status).toBe(413);
  expect(((await response.json()) as { code: string }).code).toBe('request.too_large');
});
