/** Guards that need no test runner: import direction, purity of the SDK, one folder for each third-party library. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const faults = [];

function sources(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'node_modules' || name === 'dist' ? [] : sources(path);
    return /\.ts$/.test(name) && !/\.d\.ts$/.test(name) ? [path] : [];
  });
}

/** Which workspace may import which. */
const allowed = {
  sdk: [],
  node: ['@cosmicembeddings/sdk', '@cosmicembeddings/web-ui'],
  cli: ['@cosmicembeddings/sdk'],
  'web-ui': ['@cosmicembeddings/sdk'],
};

/** Layers of the SDK, lowest first; a folder imports its own layer or lower ones only. */
const layers = [
  ['errors', 'limits', 'bytes'],
  ['codec', 'crypto', 'schema', 'metadata'],
  ['space', 'sky', 'block', 'kinds', 'views', 'sealed', 'keys', 'plugins', 'filter'],
  ['ports'],
  ['ledger', 'sync', 'archive', 'passages', 'words', 'embedders', 'translators', 'python'],
  ['formats'],
  ['memory'],
  ['api', 'testing', 'index'],
  ['agent'],
  ['langchain', 'llamaindex', 'mcp'],
];
const layerOf = (file) => {
  const name = relative(join(root, 'sdk/src'), file).split('/')[0].replace(/\.ts$/, '');
  return layers.findIndex((layer) => layer.includes(name));
};

/**
 * Rooms of the node, in the order in which a block meets them; a room imports only what stands before it (or the SDK, or a
 * file beside the rooms that imports none of them). `node.ts` alone sees all. What a room needs of a later one it is handed.
 */
const rooms = ['door', 'store', 'follow', 'index', 'search', 'views', 'sync', 'http', 'operate', 'testing'];
/** To be undone: the store opens its text follower itself. */
const notYet = /^node\/src\/store\/sqlite\/index\.ts$/;
const roomOf = (name) => /^node\/src\/([^/]+)\//.exec(name)?.[1];

/** Adapters over SQLite: elsewhere a question to a file has a name of its port, and no SQL. */
const sqlAdapters = /^node\/src\/(store\/sqlite\/|index\/words\/|views\/(cone-file|sqlite-keyed)\.ts$)/;
const sql =
  /['"`]\s*(PRAGMA \w|VACUUM\b|BEGIN( IMMEDIATE)?['"`]|(CREATE|ALTER|DROP) (UNIQUE )?(VIRTUAL )?(TABLE|INDEX)\b|DELETE FROM\b|INSERT (OR \w+ )?INTO\b|UPDATE \w+ SET\b|SELECT [\s\S]*?['"`])/;

/** Views that are tenants like others: no part of the software but the SDK's plug-ins knows them by name. */
const tenants = /['"`](standing|identities|forks|poll)(\/[^'"`\s]*)?['"`]/;

/** What each file imports from its own workspace, types too: there must be no circle. */
const graph = new Map();

/** Folders of the SDK that may touch Node. */
const nodeSide = /^sdk\/src\/(embedders|python|archive|keys|agent|langchain|llamaindex|mcp)\/node\//;
/** Folders of the SDK that stand for a platform: clock and randomness begin there. */
const platformSide = /^sdk\/src\/(embedders|agent)\/browser\//;
const impure = /\b(Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|setInterval\(|process\.)/;
const importLine =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)\s*import\s+'([^']+)'/g;

const usedIn = new Map();
for (const workspace of Object.keys(allowed)) {
  const base = join(root, workspace, 'src');
  for (const file of sources(base)) {
    const name = relative(root, file);
    const text = readFileSync(file, 'utf8');
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
    if (workspace !== 'sdk' && tenants.test(code)) faults.push(`${name}: names a tenant (${tenants.exec(code)[0]})`);
    if (sql.test(code) && !sqlAdapters.test(name))
      faults.push(`${name}: SQL outside of an adapter (${sql.exec(code)[0].slice(0, 60)})`);
    for (const match of code.matchAll(importLine)) {
      const target = match[1] ?? match[2] ?? match[3];
      if (target.startsWith('.')) {
        const path = resolve(dirname(file), target);
        const imported = relative(root, path).replace(/\.js$/, '.ts');
        graph.set(name, [...(graph.get(name) ?? []), imported]);
        if (!path.startsWith(base)) faults.push(`${name}: imports ${target}, outside its workspace`);
        else if (workspace === 'sdk') {
          const from = layerOf(file);
          const to = layerOf(path.replace(/\.js$/, '.ts'));
          const typeOnly = new RegExp(`import type[^;]*from '${target.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}'`).test(
            code,
          );
          if (from < 0) faults.push(`${name}: its folder is in no layer (tools/check.mjs)`);
          else if (to > from && !typeOnly) faults.push(`${name}: imports upwards (${target})`);
        }
      } else if (target.startsWith('@cosmicembeddings/')) {
        if (!allowed[workspace].some((prefix) => target === prefix || target.startsWith(prefix + '/')))
          faults.push(`${name}: ${workspace} must not import ${target}`);
        // What stands in memory is for tests and examples: a program that runs has its own.
        if (
          target === '@cosmicembeddings/sdk/memory' &&
          (workspace === 'node' || workspace === 'cli') &&
          !name.startsWith('node/src/testing/')
        )
          faults.push(`${name}: production must not import ${target}`);
      } else if (target.startsWith('node:')) {
        if (workspace === 'sdk' && !nodeSide.test(name)) faults.push(`${name}: the SDK must not import ${target}`);
        if (workspace === 'web-ui') faults.push(`${name}: the page must not import ${target}`);
      } else {
        const library = target
          .split('/')
          .slice(0, target.startsWith('@') ? 2 : 1)
          .join('/');
        const key = `${workspace}: ${library}`;
        const folder = dirname(name).split('/').slice(0, 4).join('/');
        usedIn.set(key, (usedIn.get(key) ?? new Set()).add(folder));
      }
    }
    if (workspace === 'sdk' && !nodeSide.test(name) && !platformSide.test(name) && impure.test(code))
      faults.push(`${name}: touches the clock, randomness or the process (${impure.exec(code)[0]})`);
  }
}
for (const [library, folders] of usedIn) {
  const parents = [...folders].sort();
  const first = parents[0];
  if (parents.some((folder) => folder !== first && !folder.startsWith(first + '/')))
    faults.push(`${library} is imported from several folders: ${parents.join(', ')}`);
}

for (const [name, targets] of graph) {
  const room = roomOf(name);
  if (room === undefined) continue;
  if (!rooms.includes(room)) faults.push(`${name}: its folder is no room (tools/check.mjs)`);
  for (const target of targets) {
    const other = roomOf(target);
    if (other === undefined) {
      if ((graph.get(target) ?? []).some((inner) => roomOf(inner) !== undefined))
        faults.push(`${name}: imports ${target}, which sees the rooms`);
    } else if (rooms.indexOf(other) > rooms.indexOf(room) && !notYet.test(name))
      faults.push(`${name}: ${room} must not know ${other} (${target})`);
  }
}

/** The first circle among imports, or undefined: depth first, where a file on the way is met again. */
function circle() {
  const done = new Set();
  const way = [];
  const visit = (name) => {
    if (done.has(name)) return undefined;
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    way.push(name);
    for (const target of graph.get(name) ?? []) {
      const found = visit(target);
      if (found !== undefined) return found;
    }
    way.pop();
    done.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const found = visit(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
const round = circle();
if (round !== undefined) faults.push(`imports go round in a circle: ${round.join(' → ')}`);

if (faults.length > 0) {
  console.error(faults.join('\n'));
  console.error(`${faults.length} faults of structure`);
  process.exit(1);
}
console.log(
  'structure: imports point one way and in no circle, the SDK is pure, each library has one folder, SQL stands in adapters',
);
