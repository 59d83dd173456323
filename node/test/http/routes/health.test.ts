import { expect, test } from '@jest/globals';
import { createClient } from '@cosmicembeddings/sdk/api';
import { blockOf, testedNode } from '../node.ts';

const node = testedNode();

test('health, readiness, metrics and the interface description', async () => {
  await node.post((await blockOf(['counted'])).wire);
  expect((await fetch(`${node.url}/health`)).status).toBe(200);
  expect(await (await fetch(`${node.url}/ready`)).json()).toEqual({ ready: true, reasons: [] });
  expect(await (await fetch(`${node.url}/metrics`)).text()).toMatch(/cosmic_accepted_total\{status="stored"\} \d/);
  expect(((await (await fetch(`${node.url}/openapi.json`)).json()) as { openapi: string }).openapi).toBe('3.1.0');
});

test('a restart loses nothing', async () => {
  await node.post((await blockOf(['The heron waits in the reeds'])).wire, 'application/cbor-seq', '?wait=indexed');
  const client = createClient({ url: node.url });
  const before = await client.status();
  await node.restart();
  const after = await createClient({ url: node.url }).status();
  expect(after.head).toEqual(before.head);
  expect(after.node).toBe(before.node);
  expect((await createClient({ url: node.url }).search({ text: 'heron in the reeds', k: 1 })).hits[0]?.passage).toBe(
    'The heron waits in the reeds',
  );
});
