/** Bundles the pages for the node to serve, and each file compressed beside it: the page itself and the HTTP reference. */
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
await mkdir(dist, { recursive: true });
// Pieces carry hashes in their names: those of earlier builds would stay.
await rm(join(dist, 'chunks'), { recursive: true, force: true });
const copied = ['index.html', 'style.css', 'icon.svg', 'docs/docs.html', 'docs/docs.css'];
for (const file of copied) await copyFile(join(here, 'src', file), join(dist, file.split('/').at(-1)));
const options = {
  outdir: dist,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  legalComments: 'linked',
  logLevel: 'warning',
};
await build({
  ...options,
  entryPoints: { app: join(here, 'src/main.ts'), docs: join(here, 'src/docs/docs.ts') },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});
// Alone: a service worker imports nothing.
await build({ ...options, entryPoints: { sw: join(here, 'src/offline/sw.ts') } });
const chunks = (await readdir(join(dist, 'chunks'))).filter((name) => name.endsWith('.js'));
const scripts = ['app.js', 'docs.js', 'sw.js', ...chunks.map((name) => `chunks/${name}`)];
for (const name of [...copied.map((file) => file.split('/').at(-1)), ...scripts]) {
  const bytes = await readFile(join(dist, name));
  await writeFile(join(dist, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  await writeFile(join(dist, `${name}.br`), brotliCompressSync(bytes));
}
