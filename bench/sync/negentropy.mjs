// CPU and bytes of reconciling two sets of 100,000 ids. Usage:
//   node bench/sync/negentropy.mjs [--reference path/to/Negentropy.js] [--sizes 100000]
// With --reference (the JavaScript implementation of hoytech/negentropy, which is not part of this repository, as a .cjs file), both
// run side by side, and their messages are compared byte for byte.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createItemSet, createReconciler } from '../../sdk/dist/sync/index.js';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    reference: { type: 'string' },
    size: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '3' },
  },
});
const size = Number(values.size);
const nodeSha256 = (bytes) => createHash('sha256').update(bytes).digest();
const reference =
  values.reference === undefined ? undefined : createRequire(import.meta.url)(resolve(values.reference));

const idOf = (n) => new Uint8Array(createHash('sha256').update(`id ${n}`).digest());
// Times as small as the reference can carry (31 bits): both get the same sets.
const all = Array.from({ length: size + 10_000 }, (_, n) => ({
  timeMs: 1_700_000_000 + ((n * 7919) % 1_000_003) * 60,
  digest: idOf(n),
}));
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function sides(d) {
  const common = all.slice(0, size - d / 2);
  return [
    [...common, ...all.slice(size, size + d / 2)],
    [...common, ...all.slice(size + d / 2, size + d)],
  ];
}

async function run(d, limit, make) {
  const [a, b] = sides(d);
  let at = cpuMs();
  const client = make(a, limit);
  const server = make(b, limit);
  const loadMs = (cpuMs() - at) / 2;
  const cpu = [0, 0];
  const timed = async (side, work) => {
    at = cpuMs();
    const result = await work();
    cpu[side] += cpuMs() - at;
    return result;
  };
  const messages = [];
  const have = new Set();
  const need = new Set();
  let message = await timed(0, () => client.initiate());
  while (message) {
    const answer = await timed(1, async () => (await server.step(message)).reply);
    messages.push(message, answer);
    const step = await timed(0, () => client.step(answer));
    for (const id of step.have) have.add(Buffer.from(id).toString('latin1'));
    for (const id of step.need) need.add(Buffer.from(id).toString('latin1'));
    message = step.reply;
  }
  if (have.size !== d / 2 || need.size !== d / 2) throw new Error(`d ${d}: found ${have.size} and ${need.size}`);
  const bytes = (side) => messages.filter((_, i) => i % 2 === side).reduce((sum, one) => sum + one.length, 0);
  return {
    roundTrips: messages.length / 2,
    bytesUp: bytes(0),
    bytesDown: bytes(1),
    clientCpuMs: cpu[0],
    serverCpuMs: cpu[1],
    loadMs,
    messages,
  };
}

const ours = (sha256) => (items, limit) => {
  const reconciler = createReconciler(createItemSet(items, sha256), { frameLimit: limit });
  return {
    initiate: () => reconciler.initiate(),
    step: (message) => {
      const step = reconciler.step(message);
      return { ...step, have: step.have.map(({ digest }) => digest) };
    },
  };
};
const theirs = (items, limit) => {
  const storage = new reference.NegentropyStorageVector();
  for (const { timeMs, digest } of items) storage.insert(timeMs, digest);
  storage.seal();
  const side = new reference.Negentropy(storage, limit);
  side.wantUint8ArrayOutput = true;
  return {
    initiate: () => side.initiate(),
    step: async (message) => {
      const [reply, have, need] = await side.reconcile(message);
      return { reply: reply ?? undefined, have, need };
    },
  };
};

const results = [];
for (const limit of [0, 60_000, 131_072])
  for (const d of [100, 1_000, 10_000]) {
    const makers = {
      'portable sha-256': ours(undefined),
      'native sha-256': ours(nodeSha256),
      ...(reference === undefined ? {} : { reference: theirs }),
    };
    let first;
    for (const [name, make] of Object.entries(makers)) {
      const runs = [];
      for (let i = 0; i < Number(values.runs); i++) runs.push(await run(d, limit, make));
      const { roundTrips, bytesUp, bytesDown, messages } = runs[0];
      const digest = messages.reduce((hash, message) => hash.update(message), createHash('sha256')).digest('hex');
      if ((first ??= digest) !== digest) throw new Error(`d ${d}, limit ${limit}: the messages of ${name} differ`);
      const of = (key) => Math.round(median(runs.map((one) => one[key])) * 10) / 10;
      const row = {
        d,
        frameLimit: limit,
        implementation: name,
        roundTrips,
        bytesUp,
        bytesDown,
        clientCpuMs: of('clientCpuMs'),
        serverCpuMs: of('serverCpuMs'),
        loadMs: of('loadMs'),
      };
      results.push(row);
      console.log(JSON.stringify(row));
    }
  }
record(import.meta.url, 'negentropy', { size, runs: Number(values.runs), results });
