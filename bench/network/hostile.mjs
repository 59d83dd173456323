// A real node under hostile peers: eight connections that flood at full speed (pings, made-up ids, `equal`, bad blocks, and new ones as soon as they are put out) beside an honest one that
// brings blocks. How fast do these come, beside the same without hostile ones in the same run? What does a block cost that is refused before its signature is looked at, beside
// one that is accepted? How many bad signatures are judged before a ban?
// Usage: node bench/network/hostile.mjs [--blocks 5000] [--rounds 4] [--no-record]      fails where more than eight bad signatures of an identity were judged
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { didOf, publicKeyOf, readEnvelope, sign } from '@cosmicembeddings/sdk';
import { encodeFrame, Session } from '@cosmicembeddings/sdk/sync';
import { createWebSocketNetwork } from '../../node/dist/sync/websocket/index.js';
import { makeBlocks } from '../accept/blocks.mjs';
import { json, publishAll, startNode, storedIn } from '../accept/node-process.mjs';
import { record } from '../record.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const addressOf = (url) => `${url.replace('http', 'ws')}/v2/peer`;

/** One connection played by hand, under a fresh proven identity. */
async function stranger(network, address) {
  const seed = new Uint8Array(randomBytes(32));
  const line = await network.dial(address);
  const session = new Session({
    ...{ network: 'dev', node: didOf(publicKeyOf(seed)), sketches: true },
    prover: { nonce: new Uint8Array(randomBytes(32)), role: 'dialler', url: address, sign: (m) => sign(m, seed) },
  });
  const self = { line, session, ended: false };
  const say = async (wishes) => {
    for (const wish of wishes) if (wish.type === 'send') await line.send(wish.frame).catch(() => (self.ended = true));
  };
  void (async () => {
    for await (const frame of line) await say(session.receive(frame, Date.now()));
  })()
    .catch(() => undefined)
    .finally(() => (self.ended = true));
  await say(session.open(Date.now()));
  return { ...self, self, say };
}

/** In a process of its own: floods until it is killed. */
async function flood(address, bad) {
  const network = createWebSocketNetwork({ path: '/v2/peer' });
  const ids = () =>
    Array.from({ length: 256 }, () => ({ timeMs: Date.now(), digest: new Uint8Array(randomBytes(32)) }));
  const all = {
    from: { timeMs: 0, digest: new Uint8Array(32) },
    to: { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(32).fill(255) },
  };
  const ways = [
    ({ session, say }) => say(session.have(ids())),
    ({ line }, n) => line.send(encodeFrame({ type: 'ping', nonce: n })),
    ({ line }) => line.send(encodeFrame({ type: 'equal', ranges: Array.from({ length: 16 }, () => all) })),
    ({ session, say }, n) => say(session.give([bad[n % bad.length]])),
  ];
  const counts = [0, 0, 0, 0];
  let visits = 0;
  let forgers = 0;
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      for (;;) {
        const one = await stranger(network, address).catch(() => undefined);
        visits += 1;
        let isForger = i % 4 === 3;
        for (let n = 0; one !== undefined && !one.self.ended; n++) {
          if (one.session.isReady) {
            if (isForger) process.send({ visits, forgers: ++forgers });
            isForger = false;
            counts[i % 4] += 1;
            await Promise.race([
              Promise.resolve(ways[i % 4](one, n)).catch(() => (one.self.ended = true)),
              sleep(5_000),
            ]);
          }
          if (!one.session.isReady || n % 64 === 0) await sleep(1);
        }
        await one?.line.close().catch(() => undefined);
        process.send({ visits, forgers, ids: counts[0], pings: counts[1], equals: counts[2], bad: counts[3] });
        await sleep(200);
      }
    }),
  );
}

if (process.env.COSMIC_FLOOD !== undefined) {
  process.once('message', ({ bad }) =>
    flood(
      process.env.COSMIC_FLOOD,
      bad.map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
    ),
  );
} else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      ...{ blocks: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '4' } },
      'no-record': { type: 'boolean' },
    },
  });
  const count = Number(values.blocks);
  const indexed = async ({ url }) => {
    while ((await json(`${url}/v2/status`)).followers.some(({ lag }) => lag > 0)) await sleep(250);
  };
  const { wires } = await makeBlocks(count, { rows: 1 });
  const { wires: forged } = await makeBlocks(64, { rows: 1, seed: 9 });

  // ---- what a block costs
  // Each is measured warm: after as many blocks of the same sort.
  const alone = await startNode();
  await publishAll(alone, (await makeBlocks(count, { rows: 1, seed: 5 })).wires);
  await indexed(alone);
  let before = alone.cpuSeconds();
  await publishAll(alone, wires);
  const acceptedMs = ((alone.cpuSeconds() - before) / count) * 1000;
  if ((await storedIn(alone)) !== 2 * count) throw new Error('not all blocks were accepted');
  await alone.stop();
  // Refused before the signature: a header that is none. And by it: a block of another network is nobody's here.
  const refusedBy = async (args, list) => {
    const node = await startNode({ args });
    await publishAll(node, list);
    const warm = node.cpuSeconds();
    for (let round = 0; round < 5; round++) await publishAll(node, list);
    const ms = ((node.cpuSeconds() - warm) / (5 * count)) * 1000;
    if ((await storedIn(node)) !== 0) throw new Error('bad blocks were stored');
    await node.stop();
    return ms;
  };
  const refusedMs = await refusedBy([], wires.map(withoutItsHeader));
  const forgedMs = await refusedBy(['--network', 'elsewhere'], wires);
  const full = await startNode();
  await publishAll(full, wires);
  await indexed(full);
  console.error(
    `CPU a block: accepted ${acceptedMs.toFixed(3)} ms, refused before its signature ${refusedMs.toFixed(3)}, by it ${forgedMs.toFixed(3)}`,
  );

  // ---- how fast an honest peer's blocks come, calm and under attack, in turns
  const take = async (attacked) => {
    const node = await startNode({ args: ['--peer', addressOf(full.url)] });
    const startMs = performance.now();
    let flooding;
    let seen = {};
    if (attacked) {
      flooding = fork(fileURLToPath(import.meta.url), { env: { ...process.env, COSMIC_FLOOD: addressOf(node.url) } });
      flooding.on('message', (counts) => (seen = { ...seen, ...counts }));
      flooding.send({ bad: forged.map((wire) => withoutItsSignature(wire).toString('hex')) });
    }
    while ((await storedIn(node)) < count) await sleep(50);
    const seconds = (performance.now() - startMs) / 1000;
    let judged = 0;
    if (attacked) {
      await sleep(5_000);
      const text = await (await fetch(`${node.url}/metrics`)).text();
      judged = Number(/^cosmic_\w*rejected\w*\{[^}]*block\.bad_signature[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
      flooding.kill('SIGKILL');
    }
    const cpuSeconds = node.cpuSeconds();
    await node.stop();
    return { perSecond: Math.round(count / seconds), cpuSeconds, ...(attacked ? { judged, ...seen } : {}) };
  };
  const calm = [];
  const attacked = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    // Whichever comes first: what else the machine does in between falls on both alike.
    for (const isAttacked of round % 2 === 0 ? [false, true] : [true, false])
      (isAttacked ? attacked : calm).push(await take(isAttacked));
    console.error(JSON.stringify([calm.at(-1), attacked.at(-1)]));
  }
  await full.stop();
  const shares = calm.map(({ perSecond }, i) => attacked[i].perSecond / perSecond).sort((a, b) => a - b);
  const middle = (shares[(shares.length - 1) >> 1] + shares[shares.length >> 1]) / 2;
  const hundredths = (x) => Math.round(x * 100) / 100;
  const result = {
    ...{
      blocks: count,
      acceptedMs,
      refusedMs,
      forgedMs,
      refusedShare: Math.round((refusedMs / acceptedMs) * 1000) / 1000,
    },
    ...{ calm, attacked, shares: shares.map(hundredths), honestShare: hundredths(middle) },
  };
  if (values['no-record'] === true) console.log(JSON.stringify(result, null, 1));
  else record(import.meta.url, 'hostile', result);
  process.exit(attacked.every(({ judged, forgers = 0 }) => judged <= 8 * forgers) ? 0 : 1);
}

/** The same block, one bit of its signature turned. */
function withoutItsSignature(wire) {
  const bent = Buffer.from(wire);
  bent[readEnvelope(wire).envelope.end - 1] ^= 1;
  return bent;
}

/** The same block, its header one entry short of what it says. */
function withoutItsHeader(wire) {
  const bent = Buffer.from(wire);
  const { header } = readEnvelope(wire).envelope;
  bent[bent.indexOf(header)] += 1;
  return bent;
}
