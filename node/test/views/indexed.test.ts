import { afterAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBlock, createRegistry, corePlugins, sha256, signerOfSeed } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { createLog } from '../../src/log.js';
import { createNode } from '../../src/node.js';
import { loadConfig } from '../../src/operate/config.js';

const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

/** Hides nothing, and takes three seconds for each retraction to find that out: longer than a search waits. */
const slow = `export default { name: 'slow', kinds: [], views: [{ name: 'slow', version: 1, rels: ['retracts'],
  tables: { said: { key: ['target'] } },
  head: () => { for (const end = Date.now() + 3000; Date.now() < end;); return { said: [] }; },
  hides: { *touched() { return []; }, *judge() { return false; } },
  questions: {} }] };`;

test('wait=indexed waits for what is hidden however long it takes', async () => {
  const data = await mkdtemp(join(tmpdir(), 'indexed-'));
  closers.push(() => rm(data, { recursive: true, force: true }));
  const plugin = join(data, 'slow.mjs');
  await writeFile(plugin, slow);
  const config = await loadConfig({ data, port: 0, log: 'silent', index: 'exact', plugins: [plugin] });
  const node = await createNode(config, createLog('silent'));
  closers.push(() => node.close());
  const target = await createBlock({ kind: 'retract/1', fields: {}, timeMs: Date.UTC(2026, 0, 1) }, author());
  const refs = [{ rel: 'retracts', id: target.id }];
  const { wire } = await createBlock({ kind: 'retract/1', fields: {}, refs, timeMs: Date.UTC(2026, 0, 1) }, author());
  expect(await node.api.publish([wire], { wait: 'indexed' })).toMatchObject([{ status: 'stored' }]);
  const { followers } = await node.api.status();
  expect(followers.find(({ name }) => name === 'views')).toMatchObject({ lag: 0 });
}, 120_000);

function author(): Parameters<typeof createBlock>[1] {
  return {
    signer: signerOfSeed(sha256(Uint8Array.of(1))),
    network: 'dev',
    registry: createRegistry(corePlugins),
    sky: createSky(),
    salt: () => sha256(Uint8Array.of(2)).slice(0, 16),
  };
}
