import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAccess, scopeOf, type Scope } from '../../src/http/access.js';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';
import { addApiKey, keysFile, readApiKeys, removeApiKey, watchApiKeys } from '../../src/operate/api-keys.js';
import { whatIsOpen } from '../../src/operate/openness.js';
import { blockOf } from './node.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-access-'));
let node: RunningNode;
const secrets: Partial<Record<Scope, string>> = {};

beforeAll(async () => {
  for (const scope of ['read', 'publish', 'relay', 'metrics', 'admin'] as const)
    secrets[scope] = addApiKey(folder, {
      name: scope,
      scopes: [scope],
      ...(scope === 'publish' ? { allowance: { blocks: 2, perMs: 86_400_000 } } : {}),
      ...(scope === 'metrics' ? { requestsPerMinute: 2 } : {}),
    });
  const config = await loadConfig({
    data: folder,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    embedders: [{ type: 'builtin', name: 'lexical' }],
    // As beyond this machine: loopback is nobody in particular.
    trustLoopback: false,
    demand: ['read', 'publish', 'relay', 'metrics'],
  });
  node = await createNode(config, createLog('silent'));
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (method: string, path: string, secret?: string, body?: Uint8Array): Promise<Response> =>
  fetch(node.url + path, {
    method,
    headers: {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/cbor-seq' }),
    },
    ...(body === undefined ? {} : { body }),
  } as RequestInit);

describe('keys', () => {
  test('each opens what it is for, the token everything; health and the page need none', async () => {
    const token = readFileSync(join(folder, 'token'), 'utf8').trim();
    const { wire } = await blockOf(['a text']);
    for (const [scope, method, path, body] of [
      ['read', 'GET', '/v2/status', undefined],
      ['read', 'GET', '/blocks', undefined],
      ['read', 'GET', '/v2/blocks', undefined],
      ['publish', 'POST', '/v2/blocks', wire],
      ['metrics', 'GET', '/metrics', undefined],
    ] as const) {
      const refused = await ask(method, path, undefined, body);
      expect([path, refused.status]).toEqual([path, 401]);
      expect(((await refused.json()) as { detail: string }).detail).toBe(`scope ${scope}`);
      expect((await ask(method, path, 'guessed', body)).status).toBe(401);
      for (const [name, secret] of Object.entries(secrets))
        if (name !== scope && name !== 'admin')
          expect([path, name, (await ask(method, path, secret, body)).status]).toEqual([path, name, 401]);
      for (const secret of [secrets[scope], secrets.admin, token])
        expect((await ask(method, path, secret, body)).status).toBeLessThan(300);
    }
    for (const path of ['/health', '/ready', '/openapi.json', '/']) expect((await ask('GET', path)).status).toBe(200);
    expect((await ask('DELETE', '/v2/peers?url=x', secrets.publish)).status).toBe(401);
    expect((await ask('DELETE', '/v2/peers?url=x', secrets.admin)).status).not.toBe(401);
  });

  test('a key has limits of its own, and is told when to come back', async () => {
    const send = async (text: string): Promise<Response> =>
      ask('POST', '/v2/blocks', secrets.publish, (await blockOf([text])).wire);
    const statuses = [];
    for (const text of ['one', 'two', 'three']) statuses.push((await send(text)).status);
    expect(statuses).toContain(429);
    const refused = await send('four');
    const said = (await refused.json()) as { code: string; detail: string; results: [{ retryAtMs: number }] };
    expect([refused.status, said.code]).toEqual([429, 'policy.over_quota']);
    expect(said.detail).toMatch(/^keys\.blocks: 2 blocks in a day; come back at 20/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(10_000);
    expect(said.results[0].retryAtMs).toBeGreaterThan(Date.now());
    const asked = [];
    for (let i = 0; i < 5; i++) asked.push(await ask('GET', '/metrics', secrets.metrics));
    expect(asked.at(-1)!.status).toBe(429);
    expect(asked.at(-1)!.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  test('peers need one as well, and show it', async () => {
    const data = mkdtempSync(join(tmpdir(), 'cosmic-access-peer-'));
    const start = async (peerKeys: Record<string, string>): Promise<RunningNode> =>
      createNode(
        await loadConfig({ data, port: 0, log: 'silent', verifyWorkers: 1, peers: [node.url], peerKeys }),
        createLog('silent'),
      );
    const address = `${node.url.replace('http', 'ws')}/v2/peer`;
    const stateOf = async (other: RunningNode): Promise<string> => {
      for (let i = 0; i < 100; i++) {
        const [peer] = await other.api.peers();
        if (peer?.state === 'connected' || peer?.lastError !== undefined) return peer.lastError ?? peer.state;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return 'nothing';
    };
    const stranger = await start({});
    expect(await stateOf(stranger)).toMatch('401');
    await stranger.close();
    const friend = await start({ [address]: secrets.relay! });
    expect(await stateOf(friend)).toBe('connected');
    await friend.close();
    rmSync(data, { recursive: true, force: true });
  });

  test('are kept as hashes, mode 0600; a running node sees a change', () => {
    const text = readFileSync(keysFile(folder), 'utf8');
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
    expect(statSync(keysFile(folder)).mode & 0o777).toBe(0o600);
    let nowMs = 0;
    const keys = watchApiKeys(folder, { now: () => nowMs }, () => undefined);
    expect(() => addApiKey(folder, { name: 'read', scopes: ['read'] })).toThrow('key.exists');
    addApiKey(folder, { name: 'late', scopes: ['read'] });
    expect(keys().some(({ name }) => name === 'late')).toBe(false);
    nowMs = 2_000;
    expect(keys().some(({ name }) => name === 'late')).toBe(true);
    removeApiKey(folder, 'late');
    expect(readApiKeys(folder).some(({ name }) => name === 'late')).toBe(false);
    expect(() => removeApiKey(folder, 'late')).toThrow('key.not_found');
  });
});

describe('who asks', () => {
  const access = createAccess({
    rules: { demand: ['publish'], trustLoopback: true, requestsPerMinute: 3 },
    token: 'the-token',
    keys: () => [],
  });

  test.each([
    ['127.0.0.1', {}, '127.0.0.1', true],
    ['::ffff:127.0.0.1', {}, '127.0.0.1', true],
    ['::1', {}, '0:0:0:0::/64', true],
    ['127.0.0.1', { 'x-forwarded-for': '192.0.2.9' }, '127.0.0.1', false],
    ['192.0.2.9', {}, '192.0.2.9', false],
    ['192.0.2.9', { authorization: 'Bearer the-token' }, '192.0.2.9', true],
    ['192.0.2.9', { authorization: 'Bearer the-tokex' }, '192.0.2.9', false],
    ['2001:db8:1:2:3:4:5:6', {}, '2001:db8:1:2::/64', false],
    ['2001:db8:1:2:ffff::6', {}, '2001:db8:1:2::/64', false],
  ])('%s %j is %s, trusted %s', (address, headers, from, trusted) => {
    expect(access.visitorOf(headers, address)).toMatchObject({ from, trusted });
  });

  test('a stranger asks so often a minute; whoever is on this machine as often as he likes', () => {
    const stranger = access.visitorOf({}, '192.0.2.9');
    const answers = [0, 0, 0, 0, 30_000].map((nowMs) => access.spend(stranger, nowMs));
    expect(answers).toEqual([undefined, undefined, undefined, 20_000, undefined]);
    expect(access.may(stranger, 'read')).toBe(true);
    expect(access.may(stranger, 'publish')).toBe(false);
    expect(access.may(access.visitorOf({}, '127.0.0.1'), 'admin')).toBe(false);
    for (let i = 0; i < 10; i++) expect(access.spend(access.visitorOf({}, '127.0.0.1'), 0)).toBeUndefined();
  });

  test('every route has its scope', () => {
    expect(scopeOf('GET', '/v2/blocks/:id')).toBe('read');
    expect(scopeOf('POST', '/v2/search')).toBe('read');
    expect(scopeOf('POST', '/mcp')).toBe('read');
    expect(scopeOf('POST', '/v2/blocks')).toBe('publish');
    expect(scopeOf('POST', '/nodes')).toBe('publish');
    expect(scopeOf('GET', '/metrics')).toBe('metrics');
    expect(scopeOf('GET', '/app.js')).toBeUndefined();
  });

  test('a node that can be reached from beyond this machine says what is open', async () => {
    const open = async (more: object): Promise<string> =>
      whatIsOpen(await loadConfig({ data: folder, ...more })).join('\n');
    expect(await open({})).toBe('');
    expect(await open({ host: '0.0.0.0' })).toMatch(/open without a key: read, publish, relay, metrics/);
    expect(await open({ host: '::', demand: ['publish', 'metrics'] })).toMatch(
      /open without a key: read, relay .*\n.*publish, metrics, admin/,
    );
  });
});
