import { parentPort, workerData } from 'node:worker_threads';
import { openUpkeep } from '../store/sqlite/upkeep.js';
import { planRetention } from './retention.js';
import type { PlanSetup } from './retain.js';

const { path, engine, rules, nowMs } = workerData as PlanSetup;
const upkeep = openUpkeep(path, engine);
try {
  parentPort!.postMessage(planRetention(upkeep, rules, nowMs));
} finally {
  upkeep.close();
}
