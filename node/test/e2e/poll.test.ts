import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  concatBytes,
  corePlugins,
  createBlock,
  createRegistry,
  sha256,
  signerOfSeed,
  utf8,
  type Plugin,
} from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { loadConfig } from '../../src/operate/config.js';
import { createLog } from '../../src/log.js';
import { createNode, type RunningNode } from '../../src/node.js';
import pollPlugin from '../../../examples/poll/plugin.js';
import { root } from '../../../sdk/test/shared-data.ts';

let data: string;
let node: RunningNode;

/** A plug-in is switched on by the configuration of a data folder and by nothing else. */
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'poll-'));
  await writeFile(
    join(data, 'config.json'),
    JSON.stringify({ plugins: [join(root, 'examples/poll/plugin.js')], port: 0, embedders: [], log: 'silent' }),
  );
  const config = await loadConfig({ data });
  node = await createNode(config, createLog(config.log));
}, 60_000);

afterAll(async () => {
  await node.close();
  await rm(data, { recursive: true, force: true });
});

test('a running node folds the poll of the examples and answers it over HTTP', async () => {
  const registry = createRegistry([...corePlugins, pollPlugin as unknown as Plugin]);
  const sky = createSky();
  const timeMs = Date.UTC(2026, 4, 1);
  let salts = 0;
  const make = (author: string, fields: Record<string, never> | object, about?: string) =>
    createBlock(
      {
        kind: 'poll.example/1',
        fields: fields as never,
        timeMs,
        ...(about === undefined ? {} : { refs: [{ rel: 'about', id: about }] }),
      },
      {
        signer: signerOfSeed(sha256(utf8(author))),
        network: 'dev',
        registry,
        sky,
        salt: () => sha256(Uint8Array.of(salts++)).slice(0, 16),
      },
    );
  const asked = await make('ann', { question: 'Tea or coffee?', options: ['tea', 'coffee'] });
  const votes = [
    await make('bob', { choice: 1 }, asked.id),
    await make('carl', { choice: 1 }, asked.id),
    await make('dora', { choice: 0 }, asked.id),
  ];
  const posted = await fetch(`${node.url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: concatBytes(asked.wire, ...votes.map(({ wire }) => wire)) as unknown as BodyInit,
  });
  expect(posted.status).toBeLessThan(300);
  const expected = {
    result: {
      question: 'Tea or coffee?',
      result: [
        { option: 'tea', votes: 1 },
        { option: 'coffee', votes: 2 },
      ],
    },
  };
  // views follow the store; the answer comes once they have caught up
  let answer: unknown;
  for (let attempt = 0; attempt < 100; attempt++) {
    answer = await (await fetch(`${node.url}/v2/views/poll/result?id=${asked.id}`)).json();
    if (JSON.stringify(answer).includes('"votes":2')) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(answer).toMatchObject(expected);
  const unknown = await fetch(`${node.url}/v2/views/poll/nothing`);
  expect([unknown.status, ((await unknown.json()) as { code: string }).code]).toEqual([404, 'request.not_found']);
  expect(await (await fetch(`${node.url}/v2/views/standing/of?id=${asked.id}`)).json()).toMatchObject({
    result: { known: true, stands: true },
  });
}, 30_000);
