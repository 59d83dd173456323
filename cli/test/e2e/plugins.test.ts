import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createRegistry, reservedVerbs, type ViewAnswer } from '@cosmicembeddings/sdk';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';

// Each of several commands is a process of its own.
jest.setTimeout(60_000);

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
const plugin = fileURLToPath(new URL('../../../examples/poll/plugin.js', import.meta.url));
let temp: string;
let node: DemoNode;

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-plugins-'));
  mkdirSync(join(temp, 'one'));
  writeFileSync(
    join(temp, 'one', 'config.json'),
    JSON.stringify({ plugins: [plugin], embedders: [{ type: 'builtin', name: 'lexical' }] }),
  );
  node = await startNode('one', { folder: temp, peers: [], detached: false });
  expect((await cosmic('key', 'new', 'default')).status).toBe(0);
}, 60_000);
afterAll(async () => {
  await node?.stop();
  rmSync(temp, { recursive: true, force: true });
}, 40_000);

function run(args: readonly string[], input = '', url = node.url) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      env: { ...clean, COSMIC_HOME: join(temp, 'home'), COSMIC_NODE: url },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}
const cosmic = (...args: string[]) => run(args);
const answer = async (...args: string[]) => JSON.parse((await cosmic(...args, '--json')).stdout) as ViewAnswer;

describe('a plug-in that no line of the command knows', () => {
  let poll: string;

  test('its kind is published from JSON and from flags', async () => {
    const content = '{"question": "Where?", "options": ["here", "there"]}';
    const made = await run(['publish', 'poll.example/1', '--json', '-'], content);
    expect(made.status).toBe(0);
    poll = made.stdout.trim();
    expect(poll).toMatch(/^bafyrei/);
    const vote = await cosmic('publish', 'poll.example/1', '--choice', '1', '--about', poll, '--json');
    expect(JSON.parse(vote.stdout)).toMatchObject({ id: expect.stringMatching(/^bafyrei/), kind: 'poll.example/1' });
  });

  test('its commands stand under its name, with help', async () => {
    expect((await cosmic('poll', 'new', '--question', 'When?', '--options', 'now', '--options', 'later')).status).toBe(
      0,
    );
    expect(await answer('poll', 'result', '--id', poll)).toMatchObject({
      result: { question: 'Where?', result: [{ votes: 0 }, { votes: 1 }] },
    });
    expect((await cosmic('poll', 'result', `id=${poll}`)).stdout).toMatch(/there\s+1/);
    expect((await cosmic('poll', '--help')).stdout).toMatch(/poll new[^\n]+\n[^\n]+poll result/);
    expect((await cosmic('publish', 'poll.example/1', '--help')).stdout).toMatch(
      /--about[^\n]*\n?[^\n]*poll that is voted in/,
    );
  });

  test('its questions are listed and asked', async () => {
    expect((await cosmic('view')).stdout).toMatch(/cosmic view poll result id=…/);
    expect((await cosmic('view', 'poll')).stdout).not.toMatch(/identities/);
    expect((await answer('view', 'poll', 'list', 'limit=1')).result).toMatchObject({ next: expect.any(String) });
  });

  test('--watch says it again when it changes', async () => {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
    const child = spawn(process.execPath, [bin, 'poll', 'result', '--id', poll, '--watch'], {
      env: { ...clean, COSMIC_HOME: join(temp, 'home'), COSMIC_NODE: node.url },
    });
    let said = '';
    const saying = (text: RegExp) =>
      new Promise<void>((resolve) => {
        const look = (): void => void (text.test(said) && resolve());
        child.stdout.on('data', look);
        look();
      });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await saying(/there\s+1/);
    expect((await cosmic('key', 'new', 'other')).status).toBe(0);
    await cosmic('publish', 'poll.example/1', '--choice', '0', '--about', poll, '--key', 'other');
    await saying(/here\s+1/);
    child.kill();
  });

  test.each([
    ['create', ['create', 'poll.example/1', '--question', 'Q', '--options', 'a'], 1, /kind\.malformed: fields/],
    [
      'what only the plug-in can judge',
      ['publish', 'poll.example/1', '--choice', '1'],
      1,
      /kind\.malformed: header\.refs/,
    ],
    ['nothing said', ['create', 'retract/2'], 1, /kind\.unknown: retract\/2/],
    ['a file that is not there', ['publish', 'poll.example/1', '--json', '/nowhere'], 1, /input\.not_found/],
    ['a command that the plug-in has not', ['poll', 'close'], 2, /unknown command/i],
    ['no command', ['poll'], 2, /say what to do/],
    ['a flag that the schema has not', ['poll', 'result', '--nope', '1'], 2, /unknown argument nope/],
    ['a view that there is not', ['view', 'nothing'], 2, /no view nothing/],
    ['a question that there is not', ['view', 'poll', 'nothing'], 1, /request\.not_found/],
    ['no plug-in at all', ['frobnicate'], 2, /unknown command:? frobnicate/i],
  ])('bad input: %s', async (_, args, status, says) => {
    const done = await cosmic(...args);
    expect([done.status, done.stderr]).toEqual([status, expect.stringMatching(says)]);
  });

  test('a core kind is made without any node', async () => {
    const made = await run(
      ['create', 'retract/1', '--retracts', poll, '--reason', 'a mistake'],
      '',
      'http://127.0.0.1:1',
    );
    expect(JSON.parse(made.stdout)).toMatchObject({
      kind: 'retract/1',
      fields: { reason: 'a mistake' },
      refs: [{ rel: 'retracts', id: poll }],
    });
    expect(await run(['poll', 'result'], '', 'http://127.0.0.1:1')).toMatchObject({ status: 2 });
  });
});

describe('first words have one meaning each', () => {
  test('ours are those that plug-ins cannot take', async () => {
    const { stdout } = await cosmic('--help');
    const ours = [...stdout.matchAll(/^ {2}cosmic ([a-z]+)/gm)].map(([, word]) => word);
    expect([...new Set([...ours, 'help', 'version'])].sort()).toEqual([...reservedVerbs].sort());
  });

  const does = { ask: { view: 'v', question: 'q' } };
  const named = (name: string, ...commands: { name: string; topLevel?: true }[]) => ({
    name,
    kinds: [],
    views: [],
    commands: commands.map((command) => ({ ...command, describe: '', does })),
  });
  test.each([
    ['a plug-in called like a command', [named('search', { name: 'a' })]],
    ['a command of the top level called like one', [named('one', { name: 'publish', topLevel: true })]],
    ['two plug-ins of a name', [named('one', { name: 'a' }), named('one', { name: 'b' })]],
    [
      'a command called like another plug-in',
      [named('one', { name: 'a' }), named('two', { name: 'one', topLevel: true })],
    ],
    ['two commands of a name', [named('one', { name: 'a' }, { name: 'a' })]],
    ['a name that is no word', [named('one', { name: '--a' })]],
  ])('refused: %s', (_, plugins) => {
    expect(() => createRegistry(plugins)).toThrow(/command/);
  });

  test('a plug-in without commands may be called anything', () => {
    expect(() => createRegistry([named('retract'), named('search')])).not.toThrow();
  });
});
