import { parentPort, workerData } from 'node:worker_threads';
import { CosmicError } from '@cosmicembeddings/sdk';
import { takeOf, type Setup } from './take-locked.js';

try {
  parentPort!.postMessage({ outcome: await takeOf(workerData as Setup) });
} catch (error) {
  if (!(error instanceof CosmicError)) throw error;
  parentPort!.postMessage({ code: error.code, detail: error.detail });
}
