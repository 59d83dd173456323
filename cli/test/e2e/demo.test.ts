import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url));
let unseen: string;
let temp: string;

beforeAll(() => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-demo-test-'));
  unseen = join(temp, 'beekeeping');
  mkdirSync(join(unseen, 'seasons'), { recursive: true });
  writeFileSync(
    join(unseen, 'hives.md'),
    '# Hives\n\n## Swarming\n\nIn late spring the old queen leaves with half of the bees. Give the colony room in time, or the swarm will hang in your neighbour’s pear tree.\n',
  );
  writeFileSync(
    join(unseen, 'seasons', 'winter.txt'),
    'Honey is the fuel of the winter cluster. A colony of middling size eats fifteen kilograms of it before the willows bloom.\n',
  );
  writeFileSync(join(unseen, 'photo.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0]));
});
afterAll(() => rmSync(temp, { recursive: true, force: true }));

/** Runs the demo with its temporary folders inside of ours. */
function demo(...args: string[]) {
  const began = performance.now();
  const done = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    timeout: 110_000,
    env: { ...process.env, TMPDIR: temp },
  });
  return { ...done, seconds: (performance.now() - began) / 1000 };
}

test('publishes a folder it has never seen, finds it from the third node, refuses forgeries, catches up', () => {
  const { stdout, stderr, status, seconds } = demo(
    unseen,
    '--ask',
    'How much honey do bees need in winter?',
    '--ask',
    'When do bees swarm?',
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(seconds).toBeLessThan(60);
  expect(stdout.match(/http:\/\/127\.0\.0\.1:\d+/g)).toHaveLength(3);
  expect(stdout).toMatch(/C has all \d+ blocks \d+\.\d\d s after/);
  const [, honey, swarm] = stdout.split('   ? ');
  expect(honey).toMatch(
    /^ 1\. +-?\d+\.\d+ (?:strong|fair|weak|unknown) +beekeeping\/seasons\/winter\.txt\n +Honey is the fuel/m,
  );
  expect(swarm).toMatch(
    /^ 1\. +-?\d+\.\d+ (?:strong|fair|weak|unknown) +beekeeping\/hives\.md › Hives › Swarming\n +In late spring/m,
  );
  for (const answer of [honey!, swarm!]) {
    expect(answer).toMatch(/claimed \d{4}-\d\d-\d\d \d\d:\d\d UTC · [A-Z][A-Za-z ]+-\d+\.\d · #demo/);
    expect(answer).toMatch(/✓ signed by z6Mk\S+ · sky consistent · cosine -?\d\.\d{4} recomputed/);
    expect(answer).not.toMatch(/✗|WRONG|NOT/);
  }
  for (const code of ['block.body_mismatch', 'block.bad_signature', 'sky.mismatch'])
    expect(stdout).toMatch(new RegExp(`refused .+\\n +${code.replace('.', '\\.')}: `));
  expect(stdout).toMatch(/A is back after .* and has caught up/);
  expect(stdout).toMatch(
    /\nDone: \d+ blocks, \d+ vectors, [\d.]+ [kM]B published by 2 agents, held by 3 nodes, in [\d.]+ seconds\n$/,
  );
  expect(readdirSync(temp)).toEqual(['beekeeping']);
}, 120_000);

test('--keep leaves the nodes running and says where', async () => {
  const { stdout, status } = demo(unseen, '--ask', 'honey', '--keep');
  const pids = /kill ([\d ]+)/.exec(stdout)?.[1]?.trim().split(' ').map(Number) ?? [];
  try {
    expect(status).toBe(0);
    expect(pids).toHaveLength(3);
    const urls = [...stdout.matchAll(/(http:\/\/127\.0\.0\.1:\d+) +\(process/g)].map((match) => match[1]!);
    for (const url of urls) expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await (await fetch(`${urls[0]}/`)).text()).toContain('<title>CosmicEmbeddings</title>');
    expect(existsSync(/Data: (.+)/.exec(stdout)![1]!)).toBe(true);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGTERM');
  }
}, 120_000);

test('a folder that is not there ends it with the reason, nothing left behind', () => {
  const before = readdirSync(temp);
  const { status, stderr } = demo(join(temp, 'nowhere'));
  expect(status).toBe(1);
  expect(stderr).toContain('input.not_found');
  expect(readdirSync(temp)).toEqual(before);
}, 60_000);

test('an unknown flag is a matter of usage', () => {
  const { status, stderr } = demo('--wat');
  expect(status).toBe(2);
  expect(stderr).toContain('npm run demo');
}, 60_000);
