import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { examine } from '../../src/commands/doctor.js';
import { checkData, checkRuntime } from '../../src/doctor/here.js';
import type { Finding } from '../../src/doctor/finding.js';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';
import { openJournal } from '../../src/publish/journal.js';
import { pendingLine } from '../../src/publish/publish.js';
import { loadSettings } from '../../src/settings.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
let temp: string;
let node: DemoNode;
let home: string;
let folders = 0;
const closers: (() => void)[] = [];

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-doctor-'));
  node = await startNode('one', { folder: temp, peers: [], detached: false });
  const healthy = join(temp, 'healthy');
  const made = spawnSync(process.execPath, [bin, 'init', '--home', healthy, '--node', node.url], { encoding: 'utf8' });
  expect({ status: made.status, stderr: made.stderr }).toMatchObject({ status: 0 });
}, 60_000);
afterAll(async () => {
  await node?.stop();
  rmSync(temp, { recursive: true, force: true });
}, 40_000);

beforeEach(() => {
  home = join(temp, `home-${++folders}`);
  const copied = spawnSync('cp', ['-a', join(temp, 'healthy'), home]);
  expect(copied.status).toBe(0);
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const found = (findings: readonly Finding[], check: string): Finding => {
  const one = findings.find((finding) => finding.check === check);
  if (one === undefined) throw new Error(`nothing said of ${check}: ${JSON.stringify(findings)}`);
  return one;
};
const look = (flags: object = {}, env: NodeJS.ProcessEnv = {}): Promise<Finding[]> =>
  examine({ home, node: node.url, data: join(temp, 'none'), ...flags }, env);
const expectFault = (finding: Finding, what: RegExp, remedy: RegExp): void => {
  expect(finding).toMatchObject({ state: 'fault' });
  expect(finding.what).toMatch(what);
  expect(finding.remedy).toMatch(remedy);
};

/** The real node behind something that changes its answers. */
async function behind(change: (path: string, body: string, response: ServerResponse) => string): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      const answer = await fetch(new URL(request.url!, node.url));
      response.statusCode = answer.status;
      response.setHeader('content-type', answer.headers.get('content-type') ?? 'text/plain');
      response.end(change(request.url!, await answer.text(), response));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const statusWith =
  (more: (status: Record<string, unknown>) => object) =>
  (path: string, body: string): string => {
    if (path !== '/v2/status') return body;
    const status = JSON.parse(body) as Record<string, unknown>;
    return JSON.stringify({ ...status, ...more(status) });
  };

test('where all is well there is no fault, and every check says so', async () => {
  const findings = await look();
  expect(findings.filter(({ state }) => state === 'fault')).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(['runtime', 'key', 'embedder', 'node', 'engines', 'clock', 'ready', 'pending']),
  );
});

describe('each planted fault is named, with what to do', () => {
  test('an old Node', () => {
    expectFault(checkRuntime('20.18.3'), /20\.18\.3/, /20\.19/);
    expectFault(checkRuntime('18.99.0'), /too old/, /install/);
    expect(checkRuntime('21.0.0').state).toBe('ok');
  });

  test('settings that cannot be read', async () => {
    writeFileSync(join(home, 'config.json'), '{"node": 5');
    expectFault(found(await look(), 'settings'), /config\.malformed.*config\.json/, /./);
  });

  test('no key', async () => {
    rmSync(join(home, 'keys'), { recursive: true });
    expectFault(found(await look(), 'key'), /no key at/, /cosmic init/);
  });

  test('a torn key', async () => {
    writeFileSync(join(home, 'keys', 'default.key'), 'half a k', { mode: 0o600 });
    expectFault(found(await look(), 'key'), /key\.malformed/, /./);
  });

  test('a key that others can read', async () => {
    chmodSync(join(home, 'keys', 'default.key'), 0o644);
    expectFault(found(await look(), 'key'), /others can read/, /chmod 600/);
  });

  test('an embedder whose service is down', async () => {
    const findings = await look({ embedder: 'openai:some-model@http://127.0.0.1:9/v1' });
    expectFault(found(findings, 'embedder'), /embedder\.unavailable/, /./);
    expect(found(findings, 'node').state).toBe('ok');
  });

  test('no node at the address', async () => {
    expectFault(found(await look({ node: 'http://127.0.0.1:9' }), 'node'), /node\.unreachable/, /cosmic node start/);
  });

  test('another program at the address', async () => {
    const other = await behind((_path, _body, response) => {
      response.statusCode = 200;
      response.setHeader('content-type', 'text/html');
      return '<html>a printer</html>';
    });
    expectFault(found(await look({ node: other }), 'node'), /no node/, /another program/);
  });

  test('a node that wants a key of whoever reads', async () => {
    const closed = await behind((_path, _body, response) => {
      response.statusCode = 401;
      response.setHeader('content-type', 'application/problem+json');
      return JSON.stringify({ code: 'request.unauthorised', detail: 'reading needs a key' });
    });
    expectFault(found(await look({ node: closed }), 'node'), /no key/, /--token/);
  });

  test('another network', async () => {
    expectFault(found(await look({ network: 'lab' }), 'network'), /dev.*lab/, /--network dev/);
  });

  test('a clock that is wrong', async () => {
    const late = await behind((_path, body, response) => {
      response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
      return body;
    });
    expectFault(found(await look({ node: late }), 'clock'), /3(?:59\d|60\d) s apart/, /NTP/);
  });

  test('a node that is not ready', async () => {
    const ill = await behind((path, body, response) => {
      if (path !== '/ready') return body;
      response.statusCode = 503;
      return JSON.stringify({ ready: false, reasons: ['the disk is full'] });
    });
    expectFault(found(await look({ node: ill }), 'ready'), /the disk is full/, /docs\/operating/);
  });

  test('a node on slow engines, of another version, without an embedder for what is published here', async () => {
    const slow = await behind(
      statusWith(() => ({
        engines: { store: 'wasm', index: 'exact', verifier: 'portable' },
        version: '9.9.0',
        embedders: [],
      })),
    );
    const findings = await look({ node: slow });
    expect(found(findings, 'engines')).toMatchObject({
      state: 'warning',
      remedy: expect.stringMatching(/npm rebuild/),
    });
    expect(found(findings, 'version')).toMatchObject({ state: 'warning', what: expect.stringMatching(/9\.9\.0/) });
    expect(found(findings, 'questions')).toMatchObject({ state: 'warning' });
  });

  test('followers that are behind', async () => {
    const behindHead = await behind(
      statusWith(() => ({ followers: [{ name: 'text', position: { epoch: 'e', seq: 1 }, lag: 7 }] })),
    );
    expect(found(await look({ node: behindHead }), 'ready')).toMatchObject({
      state: 'warning',
      what: expect.stringMatching(/text 7 behind/),
    });
  });

  test('work that waits', async () => {
    const settings = loadSettings({ home, node: node.url }, {});
    const intent = {
      path: '/a.md',
      origin: 'a.md',
      markdown: true,
      options: { tags: [], text: true, dtype: 'f32' },
      node: node.url,
      network: 'dev',
      author: 'did:key:z',
      key: settings.keyFile,
      embedder: { type: 'builtin', name: 'english-1' },
    } as const;
    openJournal(home).add([pendingLine(intent, 'the embedder is down')]);
    expect(found(await look(), 'pending')).toMatchObject({
      state: 'warning',
      what: expect.stringMatching(/1 document waits.*the embedder is down/),
    });
  });

  test('a data folder that a node holds and that does not answer', () => {
    const data = join(home, 'data');
    mkdirSync(data);
    writeFileSync(join(data, 'lock'), JSON.stringify({ pid: 4711, host: 'h', startedAt: 't' }));
    const settings = loadSettings({ home, data }, {});
    expect(found(checkData(settings, false), 'lock')).toMatchObject({
      state: 'warning',
      what: expect.stringMatching(/4711/),
    });
    expect(checkData(settings, true).map(({ check }) => check)).not.toContain('lock');
  });

  test('the command ends with 1 and says the same as JSON', () => {
    rmSync(join(home, 'keys'), { recursive: true });
    const args = [bin, 'doctor', '--home', home, '--node', node.url];
    const said = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(said.status).toBe(1);
    expect(said.stdout).toMatch(/✗ key {8}no key at .*\n +→ cosmic init/);
    const json = JSON.parse(spawnSync(process.execPath, [...args, '--json'], { encoding: 'utf8' }).stdout) as object;
    expect(json).toMatchObject({ faults: 1 });
  }, 60_000);
});
