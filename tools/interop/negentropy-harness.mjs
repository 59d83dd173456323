// Behind tools/interop/negentropy-harness: our reconciler on stdin and stdout, so that others' implementations run against it.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fromHex, toHex } from '../../sdk/dist/bytes.js';
import { createItemSet, createReconciler } from '../../sdk/dist/sync/index.js';

const frameLimit = Number(process.env.FRAMESIZELIMIT ?? 0);
const items = [];
let side;

const fail = (why) => {
  process.stderr.write(`negentropy-harness: ${why}\n`);
  process.exit(1);
};
/** Whole and at once, whatever the pipe takes: whoever reads may wait for this line before it reads on. */
const say = (lines) => {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};
const message = (bytes) => {
  if (frameLimit > 0 && bytes.length > frameLimit) fail(`a message of ${bytes.length} bytes, over ${frameLimit}`);
  return `msg,${toHex(bytes)}`;
};

const commands = {
  item: (time, id) => {
    if (side !== undefined) fail('item after seal');
    items.push({ timeMs: Number(time), digest: fromHex(id) });
  },
  seal: () => (side = createReconciler(createItemSet(items), { frameLimit })),
  initiate: () => say([message(side.initiate())]),
  msg: (hex) => {
    const { have, need, reply } = side.step(fromHex(hex));
    say([
      ...have.map(({ digest }) => `have,${toHex(digest)}`),
      ...need.map((digest) => `need,${toHex(digest)}`),
      reply === undefined ? 'done' : message(reply),
    ]);
  },
};

for await (const line of createInterface({ input: process.stdin, terminal: false })) {
  const [name, ...parts] = line.trim().split(',');
  if (name === '') continue;
  if (!Object.hasOwn(commands, name)) fail(`unknown command: ${name.slice(0, 40)}`);
  if (side === undefined && name !== 'item' && name !== 'seal') fail(`${name} before seal`);
  try {
    commands[name](...parts);
  } catch (error) {
    fail(`${name}: ${error.message}`);
  }
}
