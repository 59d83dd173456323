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
  ['space', 'sky', 'block', 'kinds', 'sealed', 'keys', 'filter'],
  ['ports'],
  ['ledger', 'sync', 'archive', 'passages', 'embedders', 'python'],
  ['formats'],
  ['memory'],
  ['api', 'testing', 'index'],
];
const layerOf = (file) => {
  const name = relative(join(root, 'sdk/src'), file).split('/')[0].replace(/\.ts$/, '');
  return layers.findIndex((layer) => layer.includes(name));
};

/** Folders of the SDK that may touch Node. */
const nodeSide = /^sdk\/src\/(embedders|python|archive|keys)\/node\//;
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
    for (const match of code.matchAll(importLine)) {
      const target = match[1] ?? match[2] ?? match[3];
      if (target.startsWith('.')) {
        const path = resolve(dirname(file), target);
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
    if (workspace === 'sdk' && !nodeSide.test(name) && impure.test(code))
      faults.push(`${name}: touches the clock, randomness or the process (${impure.exec(code)[0]})`);
  }
}
for (const [library, folders] of usedIn) {
  const parents = [...folders].sort();
  const first = parents[0];
  if (parents.some((folder) => folder !== first && !folder.startsWith(first + '/')))
    faults.push(`${library} is imported from several folders: ${parents.join(', ')}`);
}

if (faults.length > 0) {
  console.error(faults.join('\n'));
  console.error(`${faults.length} faults of structure`);
  process.exit(1);
}
console.log('structure: imports point one way, the SDK is pure, each library has one folder');
