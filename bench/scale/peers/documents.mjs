/** What rows carry beside their vectors in peers that keep documents: a tag and 200 bytes of text, as the blocks do. */
import { readFileSync } from 'node:fs';

export const textOf = (row) => `passage ${row} `.padEnd(200, 'lorem ipsum dolor sit amet ');
export const tagOf = (row) => (row % 100 === 0 ? 'rare' : 'common');

export const versionOf = (name) => {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`;
};
