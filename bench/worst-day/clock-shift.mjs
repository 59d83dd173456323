/**
 * Loaded before a node (`node --import`): moves the wall clock of every thread by the milliseconds in the file that
 * CLOCK_SHIFT_FILE names, as somebody who sets the machine's clock would. Timers go on as the kernel's do.
 */
import { readFileSync } from 'node:fs';

const RealDate = Date;
const file = process.env.CLOCK_SHIFT_FILE;
let shiftMs = 0;
function look() {
  try {
    shiftMs = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    shiftMs = 0;
  }
}
look();
setInterval(look, 20).unref();
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shiftMs);
    else super(...args);
  }
  static now() {
    return RealDate.now() + shiftMs;
  }
};
