// Checks stamps that other software made: JSON Lines {"at", "stamp"} on standard input. Prints refusals and a summary; fails on any.
import { createInterface } from 'node:readline';
import { createSky } from '../../sdk/dist/sky/index.js';

const sky = createSky();
let [passed, refused] = [0, 0];
for await (const line of createInterface({ input: process.stdin })) {
  const { at, stamp } = JSON.parse(line);
  const verdict = sky.check(stamp, at);
  if (verdict.ok) passed++;
  else {
    refused++;
    console.log(new Date(at.timeMs).toISOString(), verdict.code, verdict.detail);
  }
}
console.log(`${passed} passed, ${refused} refused`);
process.exitCode = refused === 0 ? 0 : 1;
