import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codes, problemOf, type Code } from '../../src/errors.js';
import { root } from '../shared-data.ts';

test('specs/errors.md is the table of the code, row for row', () => {
  const text = readFileSync(join(root, 'specs', 'errors.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z_.]+)` \| (.*) \| (.*) \| (\w+) \| (yes|no) \| (\d+) \|$/gm)].map(
    ([, code, meaning, advice, fault, retry, http]) => [
      code!,
      { meaning, advice, fault, retry: retry === 'yes', http: Number(http) },
    ],
  );
  expect(Object.fromEntries(rows)).toEqual(codes);
});

test('every code that the sources name is in the table, and every row is used', () => {
  const sources = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return name === 'node_modules' || name === 'dist' ? [] : sources(path);
      return /\.ts$/.test(name) && name !== 'errors.ts' ? [readFileSync(path, 'utf8')] : [];
    });
  const text = ['sdk/src', 'node/src', 'cli/src', 'web-ui/src'].flatMap((name) => sources(join(root, name))).join('\n');
  const named = [
    ...text.matchAll(
      /(?:rejected|CosmicError|Refusal|refuse|refused|problem|problemOf|malformed)\(\s*(?:\w+,\s*)?'([a-z_]+\.[a-z_]+)'/g,
    ),
  ].map((match) => match[1]!);
  expect([...new Set(named)].filter((code) => !Object.hasOwn(codes, code))).toEqual([]);
  const unused = Object.keys(codes).filter((code) => !text.includes(`'${code}'`));
  expect(unused).toEqual([]);
});

test('a problem object carries the row', () => {
  for (const code of Object.keys(codes) as Code[]) {
    expect(code).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(problemOf(code, 'x')).toMatchObject({
      type: `urn:cosmicembeddings:error:${code}`,
      status: codes[code].http,
      code,
      detail: 'x',
      retry: codes[code].retry,
    });
    expect(codes[code].http).toBeGreaterThanOrEqual(400);
  }
});
