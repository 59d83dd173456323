import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { sha256, verify } from '../../src/crypto/index.js';
import { createLexicalEmbedder } from '../../src/embedders/index.js';
import { checkAny } from '../../src/formats/index.js';
import { utf8 } from '../../src/bytes.js';
import { createRegistry } from '../../src/kinds/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { createSky } from '../../src/sky/index.js';
import {
  BlockBuilder,
  Config,
  CosmicValidator,
  CosmoValidator,
  dumps,
  PyFloat,
  PyInt,
  readPythonJson,
  Signer,
  SyncClient,
  toPlain,
  toPython,
  type PyDict,
} from '../../src/python/index.js';
import {
  DiscoveryService,
  loadBlock,
  loadConfig,
  Node,
  saveBlock,
  saveConfig,
  type NodeIdentity,
} from '../../src/python/node/index.js';

const clock = { now: () => 1_755_535_817_024 };
const sky = createSky();
const registry = createRegistry(corePlugins);
const checks = { network: 'dev', registry, verify, sha256, sky };
const builder = new BlockBuilder({ embedder: createLexicalEmbedder(), clock, modelName: 'all-MiniLM-L6-v2' });
const signer = Signer.fromSeed(new Uint8Array(32).fill(7));

test('a version-1 block built and signed here verifies, alone and after the original tools added their fields', async () => {
  const block = signer.signBlock(
    await builder.createLegacyBlock(['The night sky'], { tags: ['sky'], weight: 0.5, count: 3 }),
  );
  expect(toPlain(block.get('datetime')!)).toBe('2025-08-18T16:50:17.024000');
  const late = new Map(block).set('id', 'block-1234abcd').set('created_by', 'somebody else');
  for (const [text, uncovered] of [
    [block, 0],
    [late, 2],
  ] as const) {
    expect(Signer.verifyBlock(dumps(text))).toBe(true);
    const outcome = checkAny(utf8(dumps(text)), checks);
    expect(outcome).toMatchObject({
      status: 'checked',
      format: 'python/1',
      timeMs: 1_755_535_817_000,
      entry: { rows: 1, tags: ['sky'] },
    });
    expect(uncovered === 0 ? undefined : (outcome as { entry: { aliases?: string[] } }).entry.aliases).toEqual(
      uncovered === 0 ? undefined : ['block-1234abcd'],
    );
  }
  expect(Signer.verifyBlock(dumps(new Map(block).set('content', ['The day sky'])))).toBe(false);
});

test('a draft signed for version 2 is a valid native block', async () => {
  const draft = await builder.createBlock('The night sky', { tags: ['sky'], origin: 'notes.md' });
  const { wire } = await signer.signDraft(draft, { network: 'dev', registry, sky, salt: () => new Uint8Array(16) });
  expect(checkAny(wire, checks)).toMatchObject({
    status: 'checked',
    format: 'native/2',
    entry: { rows: 1, tags: ['sky'] },
  });
});

test('keys travel as base64', () => {
  expect(Signer.fromPrivateKey(signer.getPrivateKey()).getPublicKey()).toBe(signer.getPublicKey());
  expect(Signer.generate().getPublicKey()).not.toBe(Signer.generate().getPublicKey());
  expect(() => Signer.fromSeed(new Uint8Array(31))).toThrow('key.malformed');
});

test('cosmo signature: produced, verified, and refused when hash, age or sky is wrong', () => {
  expect(CosmoValidator).toBe(CosmicValidator);
  const validator = new CosmicValidator(40.4168, -3.7038, 650, { clock, maxAgeSeconds: 300 });
  const { block, result } = validator.validateBlock(new Map([['timestamp', new PyInt(1_755_535_817n)]]));
  expect(result[0]).toBe(true);
  expect(validator.verifyCosmicSignature(block)).toEqual([true, 'Cosmo signature verified']);
  const renamed = new Map([
    ['cosmic_signature', block.get('cosmo_signature')!],
    ['cosmic_hash', block.get('cosmo_hash')!],
  ]);
  expect(validator.verifyCosmicSignature(renamed)[0]).toBe(true);
  expect(validator.verifyCosmicSignature(new Map(block).set('cosmo_hash', '0'.repeat(64)))[1]).toMatch('hash mismatch');
  const old = new CosmicValidator(40.4168, -3.7038, 650, {
    clock: { now: () => clock.now() + 301_000 },
    maxAgeSeconds: 300,
  });
  expect(old.verifyCosmicSignature(block)[1]).toMatch('too old');
  expect(
    new CosmicValidator(40.4168, -3.7038, 650, { clock: { now: () => clock.now() + 301_000 } }).verifyCosmicSignature(
      block,
    )[0],
  ).toBe(true);
  const wrong = readPythonJson(
    dumps(block.get('cosmo_signature')!).replace(/"altitude": (-?)\d+/, '"altitude": $19'),
  ) as PyDict;
  const restamped = new Map(block).set('cosmo_signature', wrong);
  const validatorOfAnyAge = new CosmicValidator(40.4168, -3.7038, 650, { clock });
  expect(validatorOfAnyAge.verifyCosmicSignature(restamped)[1]).toMatch('hash mismatch');
  expect(validator.verifyCosmicSignature(new Map())[0]).toBe(false);
});

test('Config ranks: defaults, environment, file, set', () => {
  const env = {
    COSMIC_NODE_ID: 'from-env',
    COSMIC_API_ENDPOINT: 'http://env',
    COSMIC_LATITUDE: '10',
    COSMIC_LONGITUDE: '20',
    COSMIC_VALIDATION_MAX_AGE: '60',
    COSMIC_VALIDATION_ENABLED: 'False',
  };
  const config = new Config({ env, file: { node_id: 'from-file', default_location: [1, 2] } });
  expect([
    config.getNodeId(),
    config.getApiEndpoint(),
    config.getLocation(),
    config.getCosmoValidationMaxAge(),
    config.isCosmoValidationEnabled(),
  ]).toEqual(['from-file', 'http://env', [1, 2, 0], 60, false]);
  config.setNodeId('mine');
  expect([config.get('node_id'), config.get('absent', 5), config.getDefaultModel()]).toEqual([
    'mine',
    5,
    'all-MiniLM-L6-v2',
  ]);
  expect(() => new Config({ env: { COSMIC_LATITUDE: 'north', COSMIC_LONGITUDE: '0' } })).toThrow('config.malformed');
});

test('SyncClient sends the original’s requests and adds id and creator after signing', async () => {
  const calls: [string, string | undefined][] = [];
  const fetch = (async (url: string, init?: RequestInit) => {
    calls.push([`${init?.method} ${url}`, init?.body as string | undefined]);
    return new Response('{"blocks": [{"n": 1.0}], "nodes": []}');
  }) as typeof globalThis.fetch;
  const client = new SyncClient({
    config: new Config({ file: { api_endpoint: 'http://n:1/' } }),
    fetch,
    newId: () => '0badcafe',
  });
  await client.pushBlock(new Map([['x', new PyFloat(1)]]));
  const [found] = await client.searchBlocks({ query: 'a b', tags: ['x', 'y'] });
  expect(found!.get('n')).toEqual(new PyFloat(1));
  await client.getRelatedBlocks('block-1');
  await client.validateBlock('block-1');
  await client.getPeers();
  expect(calls).toEqual([
    ['POST http://n:1/blocks', '{"created_by": "default_node", "id": "block-0badcafe", "x": 1.0}'],
    ['GET http://n:1/blocks/search?q=a+b&tags=x%2Cy&limit=10', undefined],
    ['GET http://n:1/blocks/block-1/related?limit=5', undefined],
    ['POST http://n:1/blocks/block-1/validate', undefined],
    ['GET http://n:1/nodes', undefined],
  ]);
});

test('files: a saved block and configuration read back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-python-'));
  try {
    const block = signer.signBlock(new Map([['a', toPython({ b: [1, 1.5, 'é'] })]]));
    saveBlock(block, join(folder, 'block.json'));
    expect(Signer.verifyBlock(loadBlock(join(folder, 'block.json')))).toBe(true);
    const config = new Config();
    config.setLocation(1, 2, 3);
    saveConfig(config, join(folder, 'config.json'));
    expect(loadConfig(join(folder, 'config.json')).getLocation()).toEqual([1, 2, 3]);
    expect(() => loadBlock(join(folder, 'absent.json'))).toThrow('input.not_found');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('discovery: a datagram with an identity makes a peer', async () => {
  const here = new Node(new Config());
  const there = new Node(new Config());
  const port = 20_000 + (process.pid % 20_000);
  const receiver = new DiscoveryService(port, 60_000, '127.0.0.1');
  const sender = new DiscoveryService(port + 1, 60_000, '127.0.0.1');
  try {
    const arrived = new Promise<NodeIdentity>((resolve, reject) => {
      receiver.start(here.identity, resolve).catch(reject);
    });
    await sender.start(there.identity, () => undefined);
    sender.sendDirectMessage(there.identity, '127.0.0.1', port);
    here.addPeer(await arrived);
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
  expect(here.getPeers()).toEqual([there.toDict()]);
  here.removePeer(there.identity.node_id);
  expect(here.getPeers()).toEqual([]);
});
