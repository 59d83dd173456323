// Writes blocks to a store until it is killed; tells of each acknowledgement on standard output, and of nothing else.
import { writeSync } from 'node:fs';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { blockOf, randomOf } from './blocks.mjs';

const [folder, first, seed, engine] = process.argv.slice(2);
const random = randomOf(Number(seed));
const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zCrash', engine });
let next = Number(first);
const acknowledged = [];

async function lane() {
  for (;;) {
    const numbers = Array.from({ length: 1 + Math.floor(random() * 20) }, () => next++);
    await parts.store.put(numbers.map((number) => ({ block: blockOf(number), firstSeenMs: number })));
    writeSync(1, numbers.map((number) => `put ${number}\n`).join(''));
    acknowledged.push(...numbers);
    if (random() < 0.1) {
      const victim = acknowledged[Math.floor(random() * acknowledged.length)];
      await parts.store.erase([blockOf(victim).id], 'retention');
      writeSync(1, `erase ${victim}\n`);
    }
  }
}
writeSync(1, 'ready\n');
await Promise.all([lane(), lane(), lane(), lane()]);
