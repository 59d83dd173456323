import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const bin = fileURLToPath(new URL('../../bin/cosmic-node.js', import.meta.url));
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'cosmic-bundle-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What the command starts where these files, by the second in which they were written, lie about it. */
async function started(files: Readonly<Record<string, number>>): Promise<string> {
  const folder = mkdtempSync(join(root, 'case-'));
  mkdirSync(join(folder, 'node/bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  cpSync(bin, join(folder, 'node/bin/cosmic-node.js'));
  for (const [file, seconds] of Object.entries(files)) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `console.log(${JSON.stringify(file)});`);
    utimesSync(path, seconds, seconds);
  }
  return (await promisify(execFile)(process.execPath, [join(folder, 'node/bin/cosmic-node.js')])).stdout.trim();
}

const compiled = 'node/dist/main.js';
const bundled = 'node/bundle/main.js';

test('the bundle is started unless something was compiled after it', async () => {
  expect(await started({ [compiled]: 10, 'node/tsconfig.tsbuildinfo': 10, [bundled]: 20 })).toBe(bundled);
  expect(await started({ [compiled]: 10, 'node/tsconfig.tsbuildinfo': 30, [bundled]: 20 })).toBe(compiled);
  expect(await started({ [compiled]: 10, 'sdk/tsconfig.tsbuildinfo': 30, [bundled]: 20 })).toBe(compiled);
  expect(await started({ [compiled]: 10 })).toBe(compiled);
  // As a package has them: all of one moment, nothing of a compiler.
  expect(await started({ [compiled]: 10, [bundled]: 10 })).toBe(bundled);
});
