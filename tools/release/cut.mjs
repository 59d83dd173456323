/**
 * Cuts a version: `node tools/release/cut.mjs 0.2.0 [YYYY-MM-DD]` gives every workspace the number, closes the changelog's
 * Unreleased under it and writes what is generated from it. Nothing is committed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [version, day = new Date().toISOString().slice(0, 10)] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version ?? '') || !/^\d{4}-\d\d-\d\d$/.test(day))
  throw new Error('usage: cut.mjs MAJOR.MINOR.PATCH [YYYY-MM-DD]');

const edit = (file, change) => {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${file}: nothing to change`);
  writeFileSync(path, after);
};
const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const folder of ['.', ...workspaces, 'readers'])
  edit(join(folder, 'package.json'), (text) =>
    text
      .replace(/^( {2}"version": )"[^"]*"/m, `$1"${version}"`)
      .replace(/("@cosmicembeddings\/[a-z-]+": )"\^[^"]*"/g, `$1"^${version}"`),
  );
edit('CHANGELOG.md', (text) => text.replace(/^## Unreleased\n/m, `## Unreleased\n\n## ${version} — ${day}\n`));
edit('tools/python/pyproject.toml', (text) => text.replace(/^version = ".*"/m, `version = "${version}"`));
edit('deploy/kubernetes/kustomization.yaml', (text) => text.replace(/(newTag: ).*/, `$1${version}`));
const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' });
run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
run('npm', 'install', '--prefix', 'readers', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
run('npm', 'run', '--silent', 'build');
run('node', 'tools/openapi.mjs');
console.log(`cut ${version}: look at git diff, run .ci/run, commit; then tools/release/make.mjs from a clean clone`);
