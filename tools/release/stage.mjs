/**
 * What a package carries beside its own files: licence and notices, and in the node's the page. npm runs it before and after
 * `npm pack` in the workspace's folder: `stage.mjs put`, `stage.mjs remove`.
 */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = process.cwd();
const staged = ['LICENSE', 'NOTICE'].map((name) => ({ from: join(root, name), to: join(here, name) }));
if (basename(here) === 'node') staged.push({ from: join(root, 'web-ui/dist'), to: join(here, 'page') });

if (process.argv[2] === 'put')
  for (const { from, to } of staged) {
    if (!existsSync(from)) throw new Error(`${from} is missing: npm run build first`);
    cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.map') });
  }
else for (const { to } of staged) rmSync(to, { recursive: true, force: true });
