import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createBlock, portableChecks, sha256, signerOfSeed, toBase64, utf8 } from '@cosmicembeddings/sdk';
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
    expect(names.slice(0, 5)).toEqual([
      'cosmic_search',
      'cosmic_get',
      'cosmic_list',
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
