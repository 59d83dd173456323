import { parentPort, workerData } from 'node:worker_threads';
import { makeWires } from './wires.mjs';

const blocks = await makeWires(workerData.count, workerData.options);
const bytes = new Uint8Array(blocks.reduce((sum, { wire }) => sum + wire.length, 0));
let at = 0;
const ends = blocks.map(({ wire }) => {
  bytes.set(wire, at);
  return (at += wire.length);
});
parentPort.postMessage({ bytes, ends, ids: blocks.map(({ id }) => id) }, [bytes.buffer]);
