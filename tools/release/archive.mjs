/**
 * An archive with its own Node, for machines without npm: `node tools/release/archive.mjs FOLDER` takes the packages in FOLDER (as make.mjs packs
 * them) and leaves `cosmicembeddings-VERSION-PLATFORM-ARCH.tar.gz` beside them. It is for machines like this one: its Node, its native parts.
 * Unpacked anywhere, `./cosmic` and `./cosmic-node` run; nothing is installed.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAMS = { cosmic: 'cli/bin/cosmic.js', 'cosmic-node': 'node/bin/cosmic-node.js' };

/** Answers the archive's path. */
export function makeArchive(folder, version) {
  const work = mkdtempSync(join(tmpdir(), 'cosmic-archive-'));
  try {
    const name = `cosmicembeddings-${version}-${process.platform}-${process.arch}`;
    const at = join(work, name);
    mkdirSync(join(at, 'bin'), { recursive: true });
    copyFileSync(ownNode(), join(at, 'bin/node'));
    chmodSync(join(at, 'bin/node'), 0o755);
    const dependencies = Object.fromEntries(
      readdirSync(folder).flatMap((file) => {
        const part = /^cosmicembeddings-(sdk|node|cli|readers|multilingual)-[\d.]+\.tgz$/.exec(file)?.[1];
        return part === undefined ? [] : [[`@cosmicembeddings/${part}`, `file:${join(folder, file)}`]];
      }),
    );
    if (dependencies['@cosmicembeddings/cli'] === undefined) throw new Error(`${folder}: no packages of a release`);
    writeFileSync(join(at, 'package.json'), JSON.stringify({ private: true, dependencies, overrides: dependencies }));
    // Native parts are those of this working tree, built when it was installed: to compile them again takes minutes.
    execFileSync('npm', ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: at,
      stdio: 'inherit',
    });
    takeNativeParts(join(root, 'node_modules'), join(at, 'node_modules'));
    for (const file of ['package.json', 'package-lock.json', 'node_modules/.package-lock.json'])
      rmSync(join(at, file), { force: true });
    for (const file of ['LICENSE', 'NOTICE', 'README.md']) cpSync(join(root, file), join(at, file));
    const licence = NODE_LICENCES.map((path) => join(dirname(process.execPath), path)).find(existsSync);
    if (licence === undefined) throw new Error('the licence of Node is not beside it: an archive may not go without');
    copyFileSync(licence, join(at, 'bin/LICENSE.node'));
    for (const [program, bin] of Object.entries(PROGRAMS)) {
      writeFileSync(
        join(at, program),
        `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/bin/node" "$here/node_modules/@cosmicembeddings/${bin}" "$@"\n`,
      );
      chmodSync(join(at, program), 0o755);
    }
    const archive = join(folder, `${name}.tar.gz`);
    execFileSync('tar', ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-czf', archive, name], {
      cwd: work,
    });
    return archive;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `build/Release` of packages whose installed version is the same. */
function takeNativeParts(from, to) {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'node/package.json'), 'utf8'));
  for (const name of Object.keys(optionalDependencies)) {
    const [ours, theirs] = [join(from, name), join(to, name)];
    if (!existsSync(join(ours, 'build/Release')) || !existsSync(theirs)) continue;
    const versionOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
    if (versionOf(ours) !== versionOf(theirs))
      throw new Error(`${name}: ${versionOf(theirs)} is not what was built here`);
    for (const file of readdirSync(join(ours, 'build/Release')).filter((one) => one.endsWith('.node')))
      cpSync(join(ours, 'build/Release', file), join(theirs, 'build/Release', file));
  }
}

/** As it lies in Node's own archives, and where distributions put it. */
const NODE_LICENCES = [
  '../LICENSE',
  '../share/doc/nodejs/LICENSE',
  '../share/doc/nodejs/copyright',
  '../share/doc/node/LICENSE',
];

/** The running Node, where it needs nothing but what every system of its kind has. */
function ownNode() {
  if (process.platform !== 'linux') return process.execPath;
  const needs = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  const strange = [...needs.matchAll(/^\s*(\S+?)\.so/gm)].map(([, lib]) => lib).filter((lib) => !COMMON.test(lib));
  if (strange.length > 0)
    throw new Error(`${process.execPath} needs ${strange.join(', ')}: take a Node of nodejs.org's kind`);
  return process.execPath;
}
const COMMON = /(^|\/)(linux-vdso|libdl|libstdc\+\+|libm|libgcc_s|libpthread|libc|librt|ld-linux.*)$/;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: archive.mjs FOLDER');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.log(makeArchive(resolve(folder), version));
}
