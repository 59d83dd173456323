import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'cosmic-completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'cosmic'), `#!/bin/sh\nexec ${process.execPath} ${bin} "$@"\n`, { mode: 0o755 });
const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

test('bash completes commands and flags by the script alone', () => {
  const script = spawnSync(process.execPath, [bin, 'completion', 'bash'], { encoding: 'utf8' });
  expect(script.status).toBe(0);
  const complete = (...words: string[]): string[] => {
    const asked = `${script.stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _cosmic; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, status } = spawnSync('bash', ['-c', asked], { encoding: 'utf8', env });
    expect(status).toBe(0);
    return stdout.trim().split('\n');
  };
  expect(complete('cosmic', 'pub')).toEqual(['publish']);
  expect(complete('cosmic', 'publish', '--retract')).toEqual(['--retract-gone']);
}, 60_000);

test('fish completes commands with what they do, and flags', () => {
  if (!has('fish')) return void console.log('skipped in part: there is no fish here, completion was not tried in it');
  const complete = (line: string): string[] => {
    const asked = `cosmic completion fish | source; complete -C '${line}'`;
    const { stdout, status } = spawnSync('fish', ['--no-config', '-c', asked], { encoding: 'utf8', env, cwd: folder });
    expect(status).toBe(0);
    return stdout.trim().split('\n');
  };
  expect(complete('cosmic pub')).toEqual([expect.stringMatching(/^publish\tEmbed, sign and publish/)]);
  expect(complete('cosmic publish --retract')).toEqual([expect.stringMatching(/^--retract-gone\twithdraw/)]);
}, 120_000);

test('zsh: the script finds commands and flags for its line editor', () => {
  if (!has('zsh')) return void console.log('skipped in part: there is no zsh here, completion was not tried in it');
  const complete = (...words: string[]): string => {
    // What the line editor brings, without a terminal.
    const script = `compdef() { }; _describe() { print -l -- "\${found[@]}" }; _files() { print files }
      source <(cosmic completion zsh); words=(${words.join(' ')}); _cosmic`;
    const { stdout, status } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8', env });
    expect(status).toBe(0);
    return stdout;
  };
  expect(complete('cosmic', 'pub')).toMatch(/^publish:Embed, sign and publish/m);
}, 120_000);

test('a shell that is not known is refused with those that are', () => {
  const { status, stderr } = spawnSync(process.execPath, [bin, 'completion', 'tcsh'], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toMatch(/bash.*zsh.*fish/);
}, 60_000);
