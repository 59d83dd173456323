import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { defaultBudgets } from '../../src/door/budgets.js';
import { compileSchema, readSettings } from '../../src/json-schema.js';
import { loadConfig, settingsSchema } from '../../src/operate/config.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const data = mkdtempSync(join(tmpdir(), 'cosmic-config-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));
const written = (content: unknown): void => writeFileSync(join(data, 'config.json'), JSON.stringify(content));

test('defaults are those of the schema', async () => {
  written({});
  const config = await loadConfig({ data });
  expect(config).toMatchObject({
    data,
    host: '127.0.0.1',
    port: 8080,
    network: 'dev',
    peers: [],
    policy: {},
    budgets: defaultBudgets,
    trustLoopback: true,
    guard: true,
    waitMs: 1000,
    freeMinBytes: 512 * 2 ** 20,
    embedders: [{ name: 'english-1' }, { name: 'lexical' }],
    peerRules: { allow: [], deny: [], proofRequired: false, plainLines: false },
  });
  expect([config.retention, config.weights]).toEqual([undefined, undefined]);
  // Nobody can change what the next one is told.
  (config.peers as string[]).push('changed');
  expect((await loadConfig({ data })).peers).toEqual([]);
});

test('what is set is held to its own part of the schema, and gets the same defaults as by all of it', async () => {
  const { data: _, ...whole } = { ...(await loadConfig({ data })) };
  const byAll: Record<string, unknown> = { peerRules: {}, meeting: {} };
  expect(compileSchema(settingsSchema as never)(byAll)).toBe(true);
  for (const name of ['policy', 'budgets', 'port', 'waitMs', 'peerKeys', 'hosts', 'maps'] as const)
    expect(whole[name]).toEqual(byAll[name]);
  const given = { respond: { badSignatures: null }, meeting: { lan: true }, budgets: { source: { bytes: 5000 } } };
  const some: Record<string, unknown> = structuredClone({ ...given, respond: {} });
  expect(compileSchema(settingsSchema as never)(some)).toBe(true);
  expect(readSettings(settingsSchema, given)).toEqual(some);
});

test('the file, then the command line; quantities as people write them; what is empty is not set', async () => {
  written({
    port: 1,
    host: '',
    network: 'lab',
    waitMs: '90s',
    requestMaxBytes: '1MiB',
    log: null,
    peers: ['', 'ws://a.example:1'],
    peerRules: { proofRequired: true },
    retention: { maxAgeMs: '365d', tags: { log: { maxBytes: '20GB' } } },
    budgets: { source: { bytes: '5kB' } },
    weights: { words: 2 },
    trustLoopback: false,
  });
  const peerRules = { plainLines: true };
  expect(await loadConfig({ data, port: '0', network: '', verifyWorkers: 3, peerRules })).toMatchObject({
    port: 0,
    host: '127.0.0.1',
    network: 'lab',
    waitMs: 90_000,
    requestMaxBytes: 2 ** 20,
    log: 'info',
    peers: ['ws://a.example:1'],
    verifyWorkers: 3,
    peerRules: { proofRequired: true, plainLines: true },
    retention: { maxAgeMs: 31_536_000_000, tags: { log: { maxBytes: 20e9 } } },
    budgets: { ...defaultBudgets, source: { bytes: 5000, perMs: 86_400_000 } },
    weights: { words: 2 },
    trustLoopback: false,
  });
});

test.each([
  [{ prot: 1 }, 'prot: unknown setting; known: host, port,'],
  [{ weights: { vectors: 'much' } }, 'weights.vectors: expected a number, in 0…1000, got "much"'],
  [{ weights: { vektors: 1 } }, 'weights.vektors: unknown setting; known: vectors, words'],
  [{ weights: 3 }, 'weights: expected an object, got 3'],
  [{ trustLoopback: 'false' }, 'trustLoopback: expected true or false, got "false"'],
  [{ trustLoopback: 0 }, 'trustLoopback: expected true or false, got 0'],
  [{ guard: 'no' }, 'guard: expected true or false, got "no"'],
  [{ port: '8080' }, 'port: expected a whole number, in 0…65535, got "8080"'],
  [{ port: 70_000 }, 'port: expected a whole number, in 0…65535, got 70000'],
  [{ port: 1.5 }, 'port: expected a whole number, in 0…65535, got 1.5'],
  [{ waitMs: '1.5h' }, 'waitMs: expected whole milliseconds, or a duration such as 250ms, 90s, 12h or 7d'],
  [{ waitMs: '2d' }, 'in 0…3600000, got 172800000'],
  [{ freeMinBytes: '5 GB' }, 'freeMinBytes: expected whole bytes, or a size such as 500kB, 64MiB or 20GB'],
  [{ store: 'mysql' }, 'store: expected one of auto, better-sqlite3, node:sqlite, wasm, got "mysql"'],
  [{ peers: 'ws://a' }, 'peers: expected a list, got "ws://a"'],
  [{ peers: ['ftp://a'] }, 'peers.0: peer address "ftp://a": expected ws:, wss:, http: or https:'],
  [{ hosts: ['http://a'] }, 'hosts.0: expected host names without a port, such as "node.example", got "http://a"'],
  [{ cors: ['app.example'] }, 'cors.0: expected origins'],
  [{ demand: ['write'] }, 'demand.0: expected one of read, publish, relay, metrics, admin, got "write"'],
  [{ peerKeys: { 'wss://a/b': 7 } }, 'peerKeys.wss://a/b: expected a text'],
  [{ peerRules: { allow: ['me'] } }, 'peerRules.allow: expected did:keys, got "me"'],
  [{ peerRules: { ownAddresses: ['ftp://a'] } }, 'peerRules.ownAddresses: peer address "ftp://a"'],
  [{ policy: { authors: { allow: 'x' } } }, 'policy.authors.allow: expected a list'],
  [{ policy: { regions: [{ south: 1, north: 2, west: 3 }] } }, 'policy.regions.0: expected east as well'],
  [{ budgets: { sauce: {} } }, 'budgets.sauce: unknown setting; known: author,'],
  [
    { retention: { tags: { a: { maxage: 1 } } } },
    'retention.tags.a.maxage: unknown setting; known: maxAgeMs, maxBytes',
  ],
  [{ embedders: [{ type: 'magic' }] }, 'embedder: type is one of'],
])('%j is refused by name', async (content, what) => {
  written(content);
  await expect(loadConfig({ data })).rejects.toMatchObject({
    code: 'config.malformed',
    detail: expect.stringContaining(what),
  });
});

test('a secret is not repeated', async () => {
  written({ peerKeys: { 'wss://a': ['s3cret'] } });
  await expect(loadConfig({ data })).rejects.not.toThrow(/s3cret/);
});

test('every setting says what it is, and the reference is made of that', () => {
  for (const [name, schema] of Object.entries(settingsSchema.properties!))
    expect([name, typeof schema.description]).toEqual([name, 'string']);
  // Says on standard error what to run.
  execFileSync(process.execPath, [join(root, 'tools', 'settings.mjs'), '--check'], { stdio: 'pipe' });
  expect(readdirSync(join(root, 'docs'))).toContain('settings.md');
  expect(readFileSync(join(root, 'docs', 'operating.md'), 'utf8')).toContain('(settings.md)');
});
