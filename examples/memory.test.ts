import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sha256, signerOfSeed, utf8 } from '@cosmicembeddings/sdk';
import { root } from '../sdk/test/shared-data.ts';
import { kiln } from './memory.ts';
import { sharedMemory } from './two-agents.ts';

let data: string;
let url: string;
let node: ChildProcess;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'examples-'));
  const args = [join(root, 'node/bin/cosmic-node.js'), 'start', '--data', data, '--port', '0', '--log', 'silent'];
  node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((resolve) =>
    node.stdout!.once('data', (line: Buffer) => resolve((JSON.parse(String(line)) as { listening: string }).listening)),
  );
}, 60_000);

afterAll(async () => {
  const ended = new Promise((resolve) => node.once('exit', resolve));
  node.kill('SIGTERM');
  await ended;
  await rm(data, { recursive: true, force: true });
});

const keyOf = (name: string): ReturnType<typeof signerOfSeed> => signerOfSeed(sha256(utf8(name)));

test('three verbs', async () => {
  expect(await kiln({ node: url, key: keyOf('potter') })).toEqual([
    'The kiln fires at 1240 °C. (verified: true)',
    'The kiln fires at 1260 °C since May.',
    'oven: forgotten',
  ]);
});

test('two agents, and one whom nobody trusts', async () => {
  const { trusted, all } = await sharedMemory((name) => ({ node: url, key: keyOf(name), collection: 'gallery' }));
  expect(trusted).toContain('ann: The gallery opens at ten on Sundays.');
  expect(trusted.some((line) => line.includes('instructions'))).toBe(false);
  expect(all.find((line) => line.includes('instructions'))).toMatch(/^a stranger: /);
});
