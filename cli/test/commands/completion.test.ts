import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cosmic-completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('bash completes commands and flags by the script alone', () => {
  const script = spawnSync(process.execPath, [bin, 'completion', 'bash'], { encoding: 'utf8' });
  expect(script.status).toBe(0);
  writeFileSync(join(folder, 'cosmic'), `#!/bin/sh\nexec ${process.execPath} ${bin} "$@"\n`, { mode: 0o755 });
  const complete = (...words: string[]): string[] => {
    const asked = `${script.stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _cosmic; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, status } = spawnSync('bash', ['-c', asked], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
    });
    expect(status).toBe(0);
    return stdout.trim().split('\n');
  };
  expect(complete('cosmic', 'pub')).toEqual(['publish']);
  expect(complete('cosmic', 'publish', '--retract')).toEqual(['--retract-gone']);
}, 60_000);

test('a shell that is not known is refused with those that are', () => {
  const { status, stderr } = spawnSync(process.execPath, [bin, 'completion', 'tcsh'], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toMatch(/bash.*zsh.*fish/);
}, 60_000);
