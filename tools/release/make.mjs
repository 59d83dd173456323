/**
 * A release in a folder: every workspace packed, `SHA256SUMS` as sha256sum reads it, and `manifest.cbor`, a block of ours that
 * signs the same: `node tools/release/make.mjs FOLDER [--home HOME] [--key NAME] [--with-node]`. The key is one of `cosmic key`;
 * with `--with-node` an archive for machines without npm goes along (archive.mjs).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeArchive } from './archive.mjs';
import { identityOf } from '../../cli/dist/keys/author.js';
import { createBlock, createRegistry, sha256 } from '../../sdk/dist/index.js';
import { homeFolder, openKeyring } from '../../sdk/dist/keys/node/index.js';
import { releaseKind } from './kind.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    home: { type: 'string', default: homeFolder() },
    key: { type: 'string', default: 'default' },
    network: { type: 'string', default: 'dev' },
    'with-node': { type: 'boolean', default: false },
  },
});
if (positionals.length !== 1)
  throw new Error('usage: make.mjs FOLDER [--home HOME] [--key NAME] [--network ID] [--with-node]');
const folder = resolve(positionals[0]);
mkdirSync(folder, { recursive: true });
if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);

// What an earlier build left behind would be packed too.
for (const part of ['sdk', 'node', 'cli'])
  for (const file of readdirSync(join(root, part, 'dist'), { recursive: true }))
    if (file.endsWith('.js') && !existsSync(join(root, part, 'src', file.replace(/\.js$/, '.ts'))))
      throw new Error(`${part}/dist/${file} is built from nothing: npm run clean && npm run build`);

execFileSync(process.execPath, [join(root, 'tools/bundle.mjs')], { stdio: 'inherit' });

const { version, workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
// The readers have a lock of their own, and are built when they are packed.
if (!existsSync(join(root, 'readers/node_modules')))
  execFileSync('npm', ['ci', '--omit=optional', '--no-audit', '--no-fund'], {
    cwd: join(root, 'readers'),
    stdio: 'inherit',
  });
for (const workspace of [...workspaces, 'readers'])
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(root, workspace) });
if (values['with-node']) makeArchive(folder, version);
const files = readdirSync(folder)
  .sort()
  .map((name) => {
    const bytes = readFileSync(join(folder, name));
    return { name, bytes: bytes.length, sha256: sha256(bytes) };
  });
const hex = (digest) => Buffer.from(digest).toString('hex');
writeFileSync(join(folder, 'SHA256SUMS'), files.map((file) => `${hex(file.sha256)}  ${file.name}\n`).join(''));

const { seed } = await openKeyring(values.home).open(values.key);
const { did, author } = identityOf(seed, values.network);
const commit = commitOf(root);
const block = await createBlock(
  { kind: releaseKind.name, fields: { version, commit, files }, timeMs: Date.now() },
  { ...author, registry: createRegistry([{ kinds: [releaseKind], views: [] }]) },
);
writeFileSync(join(folder, 'manifest.cbor'), block.wire);
const total = createHash('sha256')
  .update(readFileSync(join(folder, 'SHA256SUMS')))
  .digest('hex');
console.log(`${version}: ${files.length} files, signed by ${did} as ${block.id}; SHA256SUMS itself is ${total}`);

/** Null where files differ from the commit, or there is none: what is signed must be so. */
function commitOf(cwd) {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('status', '--porcelain') === '' ? git('rev-parse', 'HEAD') : null;
  } catch {
    return null;
  }
}
