// Five real nodes, each in a network namespace of its own: frames are lost and late, links are set down, two nodes are killed, one comes back with an old data folder.
// All the time blocks are published. Afterwards every node has to have every block that any of them acknowledged and that it keeps: node 4 subscribes to one tag alone, and
// has to have nothing else but what was published at it.
// Usage: node bench/network/five.mjs [--seconds 60] [--rate 40] [--settle 300] [--short] [--no-record]      root, or a kernel that lets users make namespaces; iproute2; loss where nft or iptables is there
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cidOf, DAG_CBOR, readEnvelope, sha256 } from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { makeBlocks } from '../accept/blocks.mjs';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    rate: { type: 'string', default: '40' },
    settle: { type: 'string', default: '300' },
    short: { type: 'boolean' },
    'no-record': { type: 'boolean' },
  },
});
const self = fileURLToPath(import.meta.url);
const bin = fileURLToPath(new URL('../../node/bin/cosmic-node.js', import.meta.url));

if (process.env.COSMIC_FIVE !== 'inside') {
  const unshare = [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ];
  if (spawnSync('ip', ['-V']).status !== 0) skip('no iproute2 (ip)');
  if (spawnSync('unshare', [...unshare, 'true']).status !== 0) skip('this user may not make network namespaces');
  const child = spawn('unshare', [...unshare, process.execPath, self, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, COSMIC_FIVE: 'inside' },
  });
  child.once('exit', (code) => process.exit(code ?? 1));
} else await inside();

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(0);
}

function run(command, ...args) {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.trim()}`);
}

async function inside() {
  const COUNT = 5;
  const seconds = Number(values.seconds ?? (values.short ? 12 : 60));
  const rate = Number(values.rate);
  const DELAY_MS = 20;
  const LOSS_PER_1000 = 10;
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const work = mkdtempSync(join(tmpdir(), 'cosmic-five-'));
  const hub = '10.77.0.254';
  const host = (n) => `10.77.0.${n + 1}`;
  const relayed = (n) => `ws://${hub}:${9001 + n}/v2/peer`;
  const say = (text) => console.error(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  const startedMs = performance.now();

  // ---- the network: a bridge here, a namespace for each node
  run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'link', 'add', 'hub', 'type', 'bridge');
  run('ip', 'addr', 'add', `${hub}/24`, 'dev', 'hub');
  run('ip', 'link', 'set', 'hub', 'up');
  let loss;
  for (let n = 0; n < COUNT; n++) {
    run('ip', 'netns', 'add', `n${n}`);
    run('ip', 'link', 'add', `v${n}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `n${n}`);
    run('ip', 'link', 'set', `v${n}`, 'master', 'hub', 'up');
    const there = (...args) => run('ip', 'netns', 'exec', `n${n}`, ...args);
    there('ip', 'link', 'set', 'lo', 'up');
    there('ip', 'addr', 'add', `${host(n)}/24`, 'dev', 'eth0');
    there('ip', 'link', 'set', 'eth0', 'up');
    const ways = [
      [
        'nft',
        () => {
          there('nft', 'add table inet lossy');
          there('nft', 'add chain inet lossy in { type filter hook input priority 0; }');
          there('nft', `add rule inet lossy in iifname eth0 numgen random mod 1000 < ${LOSS_PER_1000} drop`);
        },
      ],
      [
        'iptables',
        () =>
          there(
            'iptables',
            '-A',
            'INPUT',
            '-i',
            'eth0',
            '-m',
            'statistic',
            '--mode',
            'random',
            '--probability',
            String(LOSS_PER_1000 / 1000),
            '-j',
            'DROP',
          ),
      ],
    ];
    for (const [name, lose] of ways) {
      if (loss !== undefined && loss !== name) continue;
      try {
        lose();
        loss = name;
        break;
      } catch {
        // The next way.
      }
    }
  }
  if (loss === undefined)
    console.log('skipped in part: no loss of packets (neither nft nor iptables with its statistic match)');

  // ---- delay: whoever dials a node goes through a relay that holds each piece back
  const relays = [];
  for (let n = 0; n < COUNT; n++) {
    const server = createServer((near) => {
      const far = createConnection({ host: host(n), port: 8080 });
      const relay = (from, to) => {
        from.on('data', (piece) => setTimeout(() => to.write(piece), DELAY_MS));
        from.on('close', () => setTimeout(() => to.destroy(), DELAY_MS));
        from.on('error', () => undefined);
      };
      relay(near, far);
      relay(far, near);
    });
    await new Promise((resolve) => server.listen(9001 + n, hub, resolve));
    relays.push(server);
  }

  // ---- nodes: each dials the next two; the last keeps but a part
  const PARTIAL = COUNT - 1;
  const nodes = Array.from({ length: COUNT }, (_, n) => ({
    n,
    folder: join(work, `n${n}`),
    child: undefined,
    client: undefined,
  }));
  mkdirSync(nodes[PARTIAL].folder);
  writeFileSync(
    join(nodes[PARTIAL].folder, 'config.json'),
    JSON.stringify({ subscriptions: [{ tagsAny: ['wanted'] }] }),
  );
  const start = async (node) => {
    const { n, folder } = node;
    const peers = [1, 2].flatMap((step) => ['--peer', relayed((n + step) % COUNT)]);
    const args = [
      'start',
      '--data',
      folder,
      '--host',
      host(n),
      '--port',
      '8080',
      '--log',
      'silent',
      '--plain-peers',
      '--own-address',
      relayed(n),
      ...peers,
    ];
    node.child = spawn('ip', ['netns', 'exec', `n${n}`, process.execPath, bin, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve, reject) => {
      node.child.stdout.once('data', resolve);
      node.child.once('exit', (code) => reject(new Error(`node ${n} ended with ${code}`)));
    });
    node.client = createClient({ url: `http://${host(n)}:8080`, timeoutMs: 15_000 });
  };
  const kill = async (node, signal) => {
    const gone = new Promise((resolve) => node.child.once('exit', resolve));
    // ip replaces itself by what it runs.
    node.child.kill(signal);
    await gone;
    node.client = undefined;
  };
  await Promise.all(nodes.map(start));
  say(`${COUNT} nodes run, ${DELAY_MS} ms between them, ${loss === undefined ? 'no loss' : `1 % lost by ${loss}`}`);

  // ---- load: blocks at `rate` a second in all, each at a node that is meant to take some
  // Two of seven are wanted by the node that keeps a part, at whichever node they are published.
  const isWanted = (i) => i % 7 < 2;
  const { wires } = await makeBlocks(Math.ceil(2 * seconds * rate), {
    rows: 1,
    tagsOf: (i) => [isWanted(i) ? 'wanted' : 'other'],
  });
  const all = wires.map((wire, i) => ({
    id: cidOf(DAG_CBOR, sha256(readEnvelope(wire).envelope.header)).text,
    wanted: isWanted(i),
    sentTo: undefined,
  }));
  const acknowledged = new Set();
  let refused = 0;
  let sent = 0;
  let over = false;
  const takes = nodes.map(() => true);
  let at = 0;
  const pending = new Set();
  const fromMs = performance.now();
  const load = (async () => {
    while (!over && at < wires.length) {
      const due = Math.min(wires.length, Math.floor(((performance.now() - fromMs) / 1000) * rate));
      for (; at < due; at++) {
        const node = nodes[at % COUNT];
        if (!takes[node.n] || node.client === undefined) continue;
        sent += 1;
        const block = all[at];
        block.sentTo = node.n;
        const call = node.client
          .publish([wires[at]])
          .then(([answer]) => {
            if (answer.status === 'stored' || answer.status === 'known') acknowledged.add(block);
          })
          .catch(() => void (refused += 1))
          .finally(() => pending.delete(call));
        pending.add(call);
      }
      await sleep(20);
    }
  })();
  const pass = (part) => sleep(seconds * 1000 * part);

  // ---- what goes wrong, one after the other
  await pass(0.15);
  takes[3] = false;
  await sleep(500);
  await kill(nodes[3], 'SIGTERM');
  cpSync(nodes[3].folder, join(work, 'old'), { recursive: true });
  await start(nodes[3]);
  takes[3] = true;
  say('node 3: a copy of its folder is kept');
  await pass(0.15);
  for (const n of [0, 1]) run('ip', 'link', 'set', `v${n}`, 'down');
  say('nodes 0 and 1 are cut off');
  await pass(0.2);
  for (const n of [0, 1]) run('ip', 'link', 'set', `v${n}`, 'up');
  say('and reached again');
  await pass(0.1);
  // What only an old folder's owner had acknowledged is gone with the newer one: it takes nothing for a moment before.
  takes[3] = false;
  await sleep(3_000);
  await Promise.all([kill(nodes[2], 'SIGKILL'), kill(nodes[3], 'SIGKILL')]);
  say('nodes 2 and 3 are killed');
  await pass(0.2);
  rmSync(nodes[3].folder, { recursive: true });
  cpSync(join(work, 'old'), nodes[3].folder, { recursive: true });
  await Promise.all([start(nodes[2]), start(nodes[3])]);
  takes[3] = true;
  say('node 2 is back with its folder, node 3 with its old one');
  await pass(0.2);
  over = true;
  await load;
  await Promise.all(pending);
  say(`${acknowledged.size} of ${sent} acknowledged, ${refused} got no answer`);

  // ---- converged?
  const sentBlocks = all.filter(({ sentTo }) => sentTo !== undefined);
  const mayKeep = (n, { wanted, sentTo }) => n !== PARTIAL || wanted || sentTo === n;
  /** Of what was sent anywhere: acknowledged, kept here by rights, and absent; and here without right. */
  const look = async ({ n, client }) => {
    const found = await client.read(sentBlocks.map(({ id }) => id));
    const isHere = (_, i) => found[i] !== undefined;
    return {
      missing: sentBlocks.filter((one, i) => acknowledged.has(one) && mayKeep(n, one) && !isHere(one, i)),
      foreign: sentBlocks.filter((one, i) => isHere(one, i) && !mayKeep(n, one)).length,
      here: new Set(sentBlocks.filter(isHere)),
    };
  };
  const endMs = performance.now();
  let seen;
  do {
    await sleep(500);
    seen = await Promise.all(nodes.map(look)).catch((error) => void say(`not all answer: ${error.message}`));
  } while (
    (seen === undefined || seen.some(({ missing }) => missing.length > 0)) &&
    performance.now() - endMs < Number(values.settle) * 1000
  );
  if (seen === undefined) throw new Error('a node answers no more');
  const convergedSeconds = Math.round((performance.now() - endMs) / 100) / 10;
  const lost = [...acknowledged].filter((one) => seen.every(({ here }) => !here.has(one))).length;
  const heads = [];
  for (const { client } of nodes) heads.push((await client.status()).head.count);
  const missing = seen.map((one) => one.missing.length);
  const converged = missing.every((count) => count === 0);
  // The store holds nothing besides what was asked about.
  const { foreign, here } = seen[PARTIAL];
  const partial = {
    holds: heads[PARTIAL],
    foreign: foreign + heads[PARTIAL] - here.size,
    wanted: sentBlocks.filter((one) => acknowledged.has(one) && one.wanted).length,
    publishedThere: sentBlocks.filter((one) => here.has(one) && !one.wanted).length,
  };
  say(
    converged
      ? `all have all of ${acknowledged.size} that they keep, ${convergedSeconds} s after the last; node ${PARTIAL} holds ${partial.holds}, ${partial.foreign} of them without right`
      : `missing: ${missing.join(', ')}`,
  );
  for (const node of nodes) await kill(node, 'SIGTERM');
  for (const relay of relays) relay.close();
  if (existsSync(work)) rmSync(work, { recursive: true, force: true });
  const result = {
    ...{
      nodes: COUNT,
      seconds,
      rate,
      delayMs: DELAY_MS,
      lossPer1000: loss === undefined ? 0 : LOSS_PER_1000,
      lossBy: loss ?? null,
    },
    ...{
      sent,
      acknowledged: acknowledged.size,
      unanswered: refused,
      converged,
      convergedSeconds,
      missing,
      lost,
      heads,
    },
    partial,
  };
  if (values['no-record'] || values.short) console.log(JSON.stringify(result));
  else record(import.meta.url, 'five', result);
  process.exit(converged && lost === 0 && partial.foreign === 0 ? 0 : 1);
}
