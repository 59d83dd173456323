/**
 * The node as few files: `node/bundle/main.js` and one file for each of its threads, from what `tsc -b` compiled. Each thread
 * would otherwise look up, read and link a hundred modules by itself. Native engines, and what else is optional, stay apart.
 * Usage: node tools/bundle.mjs
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, 'node/dist');
const folder = join(root, 'node/bundle');
const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'node/package.json'), 'utf8'));

// A thread is started as `new URL('./NAME.js', import.meta.url)`: all names lie in one folder.
// What an earlier build left of a file that is gone counts for nothing.
const threads = readdirSync(compiled, { recursive: true })
  .filter((file) => file.endsWith('.js') && existsSync(join(root, 'node/src', file.replace(/\.js$/, '.ts'))))
  .flatMap((file) =>
    [...readFileSync(join(compiled, file), 'utf8').matchAll(/new URL\('\.\/([\w-]+\.js)', import\.meta\.url\)/g)].map(
      ([, name]) => join(compiled, dirname(file), name),
    ),
  );
const names = new Set(threads.map((path) => basename(path)));
if (names.size !== threads.length) throw new Error(`two threads have one name: ${threads.join(', ')}`);

/** What Fastify takes where no compilers of schemas are given to it (node/src/http/server.ts gives both): a third of the main file. */
const unused = {
  name: 'unused',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^@fastify\/(?:ajv-compiler|fast-json-stringify-compiler)$/ }, ({ path }) => ({
      path,
      namespace: 'unused',
    }));
    onLoad({ filter: /./, namespace: 'unused' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not in the bundle: see tools/bundle.mjs`)});`,
    }));
  },
};

rmSync(folder, { recursive: true, force: true });
const shared = {
  outdir: folder,
  entryNames: '[name]',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: 'linked',
  sourcesContent: false,
  minifySyntax: true,
  minifyWhitespace: true,
  // Native parts are found from where they lie.
  external: [...Object.keys(optionalDependencies), 'cbor-extract'],
  // What is CommonJS inside asks for Node's own modules.
  banner: {
    js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
  },
  plugins: [unused],
  metafile: true,
  logLevel: 'warning',
};
const results = await Promise.all([
  // What only some requests need (MCP) is a file of its own, which they load.
  build({ ...shared, entryPoints: [join(compiled, 'main.js')], splitting: true, chunkNames: '[name]-[hash]' }),
  build({ ...shared, entryPoints: threads }),
]);

const packages = new Set(
  results
    .flatMap(({ metafile }) => Object.keys(metafile.inputs))
    .map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
    .filter((path) => path !== undefined),
);
writeFileSync(join(folder, 'LICENCES'), [...packages].sort().map(licenceOf).join('\n'));
for (const { metafile } of results)
  for (const [file, { bytes }] of Object.entries(metafile.outputs))
    if (file.endsWith('.js') && bytes > 400_000) console.log(`${relative(root, file)}: ${(bytes / 1e6).toFixed(1)} MB`);

/** Name, version and licence of a package that is part of the bundle. */
function licenceOf(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const file = readdirSync(path).find((one) => /^licen[cs]e/i.test(one));
  const text = file === undefined ? '' : `\n${readFileSync(join(path, file), 'utf8').trim()}\n`;
  return `${name} ${version} (${license})\n${text}`;
}
