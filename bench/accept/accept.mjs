/**
 * Durable accept (verify + sky + store) through a real node process over one HTTP connection: a streamed import with
 * acknowledgements streamed back, one row and 64 rows a block; then how long the followers need.
 * Usage: node bench/accept/accept.mjs [blocks=20000] [rounds=3]
 */
import { request } from 'node:http';
import { makeBlocks } from './blocks.mjs';
import { json, startNode, untilFollowed } from './node-process.mjs';
import { record } from './record.mjs';

const [count = 20_000, rounds = 3] = process.argv.slice(2).map(Number);

/** Sends all blocks on one connection and counts the acknowledgements. */
function importAll(url, wires) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const call = request(
      `${url}/v2/blocks`,
      { method: 'POST', headers: { 'content-type': 'application/cbor-seq' } },
      (response) => {
        let stored = 0;
        let tail = '';
        response.on('data', (chunk) => {
          const text = tail + chunk.toString('latin1');
          stored += text.split('"status":"stored"').length - 1;
          tail = text.slice(-17);
          if (tail.includes('"status":"stored"')) tail = '';
        });
        response.on('end', () => resolve({ stored, seconds: (performance.now() - started) / 1000 }));
      },
    );
    call.on('error', reject);
    let at = 0;
    const write = () => {
      while (at < wires.length) {
        const part = Buffer.concat(wires.slice(at, at + 16));
        at += 16;
        if (!call.write(part)) return void call.once('drain', write);
      }
      call.end();
    };
    write();
  });
}

for (const { rows, blocks } of [
  { rows: 1, blocks: count },
  { rows: 64, blocks: Math.ceil(count / 16) },
]) {
  console.error(`making ${blocks} blocks of ${rows} rows`);
  const { wires } = await makeBlocks(blocks, { rows });
  for (let round = 0; round < rounds; round++) {
    const node = await startNode();
    const before = node.cpuSeconds();
    const { stored, seconds } = await importAll(node.url, wires);
    if (stored !== wires.length) throw new Error(`${stored} of ${wires.length} stored`);
    const cpu = node.cpuSeconds() - before;
    const followSeconds = await untilFollowed(node.url);
    const status = await json(`${node.url}/v2/status`);
    record('results/accept.jsonl', {
      what: 'durable accept, followers running',
      rows,
      blocks,
      blockBytes: wires[0].length,
      blocksPerSecond: Math.round(blocks / seconds),
      rowsPerSecond: Math.round((blocks * rows) / seconds),
      indexedRowsPerSecond: Math.round((blocks * rows) / (seconds + followSeconds)),
      nodeCpuSeconds: cpu,
      residentBytes: node.residentBytes(),
      diskBytesPerBlock: Math.round(node.diskBytes() / blocks),
      engines: status.engines,
    });
    await node.stop();
  }
}
process.exit();
