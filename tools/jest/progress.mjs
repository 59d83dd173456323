import { relative } from 'node:path';

/** Says in CI which test file begins, so that a file that never ends can be named. */
export default class Progress {
  onTestFileStart(test) {
    if (process.env.CI) process.stderr.write(`BEGIN ${relative(process.cwd(), test.path)}\n`);
  }
}
