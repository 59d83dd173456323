import { test } from '@jest/globals';

/** `test`, or `test.skip` with one printed line that CI counts and repeats at its end. `reason`: why it cannot run here. */
export function testUnless(reason: string | undefined): typeof test | typeof test.skip {
  if (reason === undefined) return test;
  process.stderr.write(`skipped: ${reason}\n`);
  return test.skip;
}
