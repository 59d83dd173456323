/** Writes specs/openapi.json from the routes' own schemas; with --check, fails when the file is not what it would write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadConfig } from '../node/dist/operate/config.js';
import { corePlugins, createRegistry } from '../sdk/dist/index.js';
import { createHttp } from '../node/dist/http/server.js';

const path = new URL('../specs/openapi.json', import.meta.url);
const version = JSON.parse(readFileSync(new URL('../node/package.json', import.meta.url), 'utf8')).version;
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const limits = await loadConfig({ data: '.' });
const app = await createHttp({
  routes: { api: {}, registry: createRegistry(corePlugins) },
  log: silent,
  requestMaxBytes: 1024,
  version,
  limits,
});
await app.ready();
const text = JSON.stringify(app.swagger(), undefined, 2) + '\n';
await app.close();
if (process.argv.includes('--check')) {
  let stored = '';
  try {
    stored = readFileSync(path, 'utf8');
  } catch {
    // Reported below as a difference.
  }
  if (stored !== text) {
    console.error('specs/openapi.json is not what the routes say; run: node tools/openapi.mjs');
    process.exit(1);
  }
  console.log('specs/openapi.json is what the routes say');
} else writeFileSync(path, text);
process.exit();
