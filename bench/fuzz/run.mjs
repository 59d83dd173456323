/**
 * The fuzzer at length: node bench/fuzz/run.mjs [cases = 1000000] [seed = 1]. Exits with 1 on any fault, which it prints with
 * what is needed to repeat it.
 */
import { createSky } from '../../sdk/dist/sky/index.js';
import { fuzz, randomOf } from '../../sdk/dist/testing/index.js';
import { checksOfAll, fastSigner } from './setup.mjs';

const cases = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
const { checks, names, verifications } = checksOfAll(100);
const sky = createSky();
const totals = { cases: 0, signed: 0, outcomes: {}, slowestMs: 0, faults: [] };
let heapMax = 0;
const startedMs = performance.now();
const random = randomOf(seed);
while (totals.cases < cases && totals.faults.length === 0) {
  const size = Math.min(10_000, cases - totals.cases);
  const report = fuzz(size, random, {
    checks,
    stamp: (at) => sky.stamp(at),
    signer: fastSigner(),
    now: () => performance.now(),
  });
  totals.cases += report.cases;
  totals.signed += report.signed;
  totals.slowestMs = Math.max(totals.slowestMs, report.slowestMs);
  totals.faults.push(...report.faults);
  for (const [code, count] of Object.entries(report.outcomes))
    totals.outcomes[code] = (totals.outcomes[code] ?? 0) + count;
  heapMax = Math.max(heapMax, process.memoryUsage().rss);
  if (process.stderr.isTTY) process.stderr.write(`\r${totals.cases}`);
}
const seconds = (performance.now() - startedMs) / 1000;
console.log(
  JSON.stringify(
    {
      ...totals,
      outcomes: Object.fromEntries(Object.entries(totals.outcomes).sort()),
      seed,
      verifiers: names,
      verifications: verifications(),
      seconds: Math.round(seconds),
      rssMaxMb: Math.round(heapMax / 2 ** 20),
      node: process.version,
    },
    null,
    1,
  ),
);
process.exit(totals.faults.length === 0 && totals.cases >= cases ? 0 : 1);
