import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { root } from '../../../sdk/test/shared-data.ts';

const HARNESS = join(root, 'tools', 'interop', 'negentropy-harness');
const idOf = (n: number): string => createHash('sha256').update(`item ${n}`).digest('hex');
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function start(items: readonly number[], frameLimit: string) {
  const child = spawn(HARNESS, { env: { ...process.env, FRAMESIZELIMIT: frameLimit } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const say = (line: string): void => void child.stdin.write(`${line}\n`);
  for (const n of items) say(`item,${1677970534 + (n % 500)},${idOf(n)}`);
  say('seal');
  return { child, say, errors: () => errors, read: async () => (await lines.next()).value as string | undefined };
}

test.each(['0', '4096'])('two harnesses find what either lacks, under a frame limit of %s', async (limit) => {
  const client = start(range(0, 1200), limit);
  const server = start(range(150, 1300), limit);
  const found: Record<string, Set<string>> = { have: new Set(), need: new Set() };
  let rounds = 0;
  client.say('initiate');
  for (let line = await client.read(); line !== 'done'; line = await client.read()) {
    const [what, value] = line!.split(',') as [string, string];
    if (what !== 'msg') found[what]!.add(value);
    else {
      rounds++;
      if (limit !== '0') expect(value.length / 2).toBeLessThanOrEqual(Number(limit));
      server.say(line!);
      client.say((await server.read())!);
    }
  }
  expect(found['have']).toEqual(new Set(range(0, 150).map(idOf)));
  expect(found['need']).toEqual(new Set(range(1200, 1300).map(idOf)));
  expect(rounds).toBeGreaterThan(1);
  for (const { child } of [client, server]) child.stdin.end();
});

test('a line that is no command ends it with a reason', async () => {
  const one = start([1], '0');
  one.say('reconcile,00');
  const status = await new Promise((resolve) => one.child.on('close', resolve));
  expect(status).toBe(1);
  expect(one.errors()).toBe('negentropy-harness: unknown command: reconcile\n');
});
