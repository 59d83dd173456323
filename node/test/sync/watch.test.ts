import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sha256, signerOfSeed, utf8 } from '@cosmicembeddings/sdk';
import { openMemory, type Memory, type MemoryEvent } from '@cosmicembeddings/sdk/agent';
import { createLog } from '../../src/log.js';
import { createNode, type RunningNode } from '../../src/node.js';
import { loadConfig } from '../../src/operate/config.js';

const folders: string[] = [];
const nodes: RunningNode[] = [];

async function start(peers: readonly string[]): Promise<RunningNode> {
  const data = await mkdtemp(join(tmpdir(), 'watch-peers-'));
  folders.push(data);
  await writeFile(
    join(data, 'config.json'),
    JSON.stringify({ port: 0, log: 'silent', index: 'exact', peers, home: [] }),
  );
  const node = await createNode(await loadConfig({ data }), createLog('silent'));
  nodes.push(node);
  return node;
}

const keyOf = (name: string): ReturnType<typeof signerOfSeed> => signerOfSeed(sha256(utf8(name)));
let ann: Memory;
let bob: Memory;

beforeAll(async () => {
  const first = await start([]);
  const second = await start([first.url]);
  ann = await openMemory({ node: first.url, key: keyOf('ann') });
  bob = await openMemory({ node: second.url, key: keyOf('bob'), trust: { ann: ann.author } });
}, 60_000);
afterAll(async () => {
  for (const node of nodes) await node.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test('what is published at one node is told at the other, what is taken back there too, and a cursor goes on', async () => {
  const ending = new AbortController();
  const question = { near: 'how hot is the kiln?', minScore: 0.3 };
  const events = bob.watch({ ...question, signal: ending.signal });
  const next = async (type: MemoryEvent['type']): Promise<MemoryEvent> => {
    for (;;) {
      const event = (await events.next()).value as MemoryEvent;
      if (event.type === type) return event;
    }
  };
  await next('live');
  const { block } = await ann.remember('The kiln fires at 1240 °C.', { id: 'kiln' });
  const told = await next('hit');
  expect(told).toMatchObject({
    hit: {
      block,
      text: 'The kiln fires at 1240 °C.',
      verified: true,
      author: { did: ann.author, name: 'ann', mine: false },
    },
  });
  await ann.forget('kiln');
  expect(await next('gone')).toMatchObject({ block });
  ending.abort();

  const again = await ann.remember('The kiln fires at 1280 °C now.', { id: 'kiln' });
  for await (const event of bob.watch(question, { after: told.cursor }))
    if (event.type === 'hit') {
      expect(event.hit.block).toBe(again.block);
      break;
    }
}, 60_000);
