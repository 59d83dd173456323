import { parentPort, workerData } from 'node:worker_threads';
import { StoreReader } from '../store/sqlite/index.js';
import { planRetention } from './retention.js';
import type { PlanSetup } from './retain.js';

const { path, engine, rules, nowMs } = workerData as PlanSetup;
const reader = new StoreReader(path, engine);
try {
  parentPort!.postMessage(planRetention(reader, rules, nowMs));
} finally {
  reader.close();
}
