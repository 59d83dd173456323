// Catch-up of an empty node over a loopback WebSocket, without judging blocks: what sync alone costs. Both nodes share one process and thread.
// Usage: node bench/sync/transfer.mjs [--blocks 20000] [--bytes 2000]
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { cidOf, DAG_CBOR, didOf, publicKeyOf, readEnvelope, sha256, signHeader } from './blocks.mjs';
import { createMemoryStore } from '../../sdk/dist/memory/index.js';
import { createWebSocketNetwork } from '../../node/dist/sync/websocket/index.js';
import { systemClock } from '../../node/dist/clock.js';
import { createPeers } from '../../node/dist/sync/index.js';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: { blocks: { type: 'string', default: '20000' }, bytes: { type: 'string', default: '2000' } },
});
const count = Number(values.blocks);
const bodyBytes = Number(values.bytes);
const log = { debug() {}, info() {}, warn: console.error, error: console.error };
let done;
const finished = new Promise((resolve) => (done = resolve));

async function start(n, peers) {
  const store = createMemoryStore({ epoch: `bench-${n}` });
  const accept = async (bytes) => {
    const { header, end } = readEnvelope(bytes).envelope;
    const digest = sha256(header);
    const timeMs = Number(new DataView(header.buffer, header.byteOffset + header.length - 8).getBigUint64(0));
    const entry = { author: 'did:key:z', kind: 'note.bench/1', timeMs, tags: [], links: [], refs: [], rows: 0 };
    const block = {
      status: 'checked',
      id: cidOf(DAG_CBOR, digest).text,
      digest,
      format: 'native/2',
      timeMs,
      entry,
      envelope: bytes.subarray(0, end),
      body: bytes.subarray(end),
      headerOnly: false,
    };
    const [{ id, seq, fresh }] = await store.put([{ block, firstSeenMs: 0 }]);
    if (seq === count && n === 1) done();
    return { status: fresh ? 'stored' : 'known', id, seq };
  };
  const http = createServer();
  const network = createWebSocketNetwork({ path: '/v2/peer' });
  network.attach(http);
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const node = createPeers({
    network,
    store,
    accept,
    clock: systemClock,
    did: didOf(publicKeyOf(sha256(Uint8Array.of(n)))),
    networkId: 'dev',
    peers,
    log,
  });
  return {
    node,
    accept,
    url: `http://127.0.0.1:${http.address().port}`,
    close: async () => (await node.close(), http.close()),
  };
}

const a = await start(0, []);
for (let n = 0; n < count; n++) {
  const header = new Uint8Array(400).fill(n & 255);
  new DataView(header.buffer).setUint32(0, n);
  new DataView(header.buffer).setBigUint64(392, BigInt(1_700_000_000_000 + n));
  await a.accept(signHeader(header, new Uint8Array(bodyBytes).fill(1)));
}
await a.node.start();
const b = await start(1, [a.url]);
const startMs = performance.now();
const cpu = process.cpuUsage();
await b.node.start();
await finished;
const seconds = (performance.now() - startMs) / 1000;
const { user, system } = process.cpuUsage(cpu);
record(import.meta.url, 'transfer', {
  blocks: count,
  bodyBytes,
  seconds: Math.round(seconds * 100) / 100,
  blocksPerSecond: Math.round(count / seconds),
  cpuSecondsBothNodes: Math.round((user + system) / 1e4) / 100,
});
await b.close();
await a.close();
