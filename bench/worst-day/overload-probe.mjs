/** Watches a node from a thread of its own, so that the load generator's own delays do not count: /health and memory. */
import { request, Agent } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { memoryOf } from './live-node.mjs';

const { url, pid, everyMs } = workerData;
const kept = new Agent({ keepAlive: true, maxSockets: 1 });
const health = [];
const resident = [];
let failures = 0;
let running = true;

function once(agent) {
  return new Promise((resolve) => {
    const started = performance.now();
    const call = request(`${url}/health`, { agent, timeout: 10_000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? performance.now() - started : undefined));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}

parentPort.on('message', () => {
  running = false;
});
for (let turn = 0; running; turn++) {
  // Every fourth time on a new connection: what a watching machine may do as well.
  const ms = await once(turn % 4 === 3 ? false : kept);
  if (ms === undefined) failures += 1;
  else health.push(ms);
  resident.push(memoryOf(pid));
  await new Promise((resolve) => setTimeout(resolve, everyMs));
}
parentPort.postMessage({ health, resident, failures });
kept.destroy();
parentPort.close();
