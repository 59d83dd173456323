import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
let home: string;
beforeAll(() => (home = mkdtempSync(join(tmpdir(), 'cosmic-process-'))));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Until its first line, which says where it listens. */
function started(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<ChildProcess> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(COSMIC|npm)_/.test(name)));
  const child = spawn(command, args, {
    env: { ...clean, COSMIC_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stdout!.once('data', () => resolve(child));
  });
}

/** The lock goes with the node; bounded by the test's own time. */
async function stopped(): Promise<void> {
  while (existsSync(join(home, 'node/lock'))) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a node that the command has started', () => {
  test('stops in order when the command is killed', async () => {
    const child = await started(process.execPath, [bin, 'node', 'start', '--port', '0']);
    expect(JSON.parse(readFileSync(join(home, 'node/lock'), 'utf8'))).toMatchObject({ kernel: true });
    child.kill('SIGKILL');
    await stopped();
  });

  test('stops when npx is told to, which ends the shell around the command alone', async () => {
    const shell = await started('sh', ['-c', `"${process.execPath}" "${bin}" node start --port 0; true`], {
      npm_command: 'exec',
    });
    shell.kill('SIGTERM');
    await stopped();
  });

  test('on a port that is in use says so with its code', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, [bin, 'node', 'start', '--port', String(port), '--home', home]);
    let text = '';
    child.stderr.on('data', (part) => (text += String(part)));
    const status = await new Promise((resolve) => child.once('close', resolve));
    server.close();
    expect(text).toMatch(/^config\.port_in_use: /m);
    expect(status).toBe(1);
  });
});
