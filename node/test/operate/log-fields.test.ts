import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const source = new URL('../../src', import.meta.url).pathname;
const page = new URL('../../../docs/operators/traces.md', import.meta.url);

/** Keys that calls of the log name themselves; what is spread into them (`...outcome`) is documented by hand. */
function fieldsNamed(): Set<string> {
  const names = new Set<string>();
  for (const file of readdirSync(source, { recursive: true }) as string[]) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    for (const [, fields] of text.matchAll(/\blog\.(?:debug|info|warn|error)\(\s*\{([^}]*)\}/g))
      for (const part of fields!.replace(/\([^)]*\)/g, '').split(',')) {
        const name = /^\s*(\w+)\s*(?::|$)/.exec(part)?.[1];
        if (name !== undefined) names.add(name);
      }
  }
  return names;
}

test('each field of the log is documented', () => {
  const table = readFileSync(page, 'utf8').split('## The log')[1]!;
  const documented = new Set([...table.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
  const named = fieldsNamed();
  expect(named.size).toBeGreaterThan(20);
  expect([...named].filter((name) => !documented.has(name)).sort()).toEqual([]);
});
