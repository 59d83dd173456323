import { Worker } from 'node:worker_threads';
import type { BlockId, Clock, EraseReason } from '@cosmicembeddings/sdk';
import { faultOfWorker, type SqliteEngine } from '../store/sqlite/driver.js';
import type { RetentionPlan, RetentionRules } from './retention.js';

export interface RetainOptions {
  readonly rules: RetentionRules;
  readonly clock: Clock;
  /** What the rules ask to erase now. */
  readonly plan: (rules: RetentionRules, nowMs: number) => Promise<RetentionPlan>;
  readonly erase: (ids: readonly BlockId[], reason: EraseReason) => Promise<unknown>;
  /** Told after each round that erased something. */
  readonly onErased?: (plan: RetentionPlan) => void;
  /** A round that failed; the next one tries again. */
  readonly onError?: (error: unknown) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 10 * 60_000;
/** Erasures of one transaction: few enough that blocks which arrive meanwhile hardly wait. */
const BATCH = 256;

/** Keeps to the operator's rules while the node runs: looks at once and then every ten minutes. */
export function startRetention(options: RetainOptions): { close(): Promise<void> } {
  const stopping = new AbortController();
  const rounds = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await retain(options, stopping.signal);
      } catch (error) {
        if (!stopping.signal.aborted) options.onError?.(error);
      }
      await options.clock.sleep(options.everyMs ?? EVERY_MS, stopping.signal).catch(() => undefined);
    }
  })();
  return {
    close: async () => {
      stopping.abort();
      await rounds;
    },
  };
}

/** One round. Erases in the order in which blocks were seen, some at a time. */
async function retain({ rules, clock, plan, erase, onErased }: RetainOptions, signal: AbortSignal): Promise<void> {
  const planned = await plan(rules, clock.now());
  for (let at = 0; at < planned.erase.length && !signal.aborted;) {
    const { reason } = planned.erase[at]!;
    const ids: BlockId[] = [];
    while (ids.length < BATCH && planned.erase[at]?.reason === reason) ids.push(planned.erase[at++]!.id);
    await erase(ids, reason);
  }
  if (planned.erase.length > 0) onErased?.(planned);
}

export interface PlanSetup {
  readonly path: string;
  readonly engine: SqliteEngine;
  readonly rules: RetentionRules;
  readonly nowMs: number;
}

/** Plans in a thread of its own: a store of a million blocks takes seconds to walk over. */
export function planInWorker(setup: PlanSetup): Promise<RetentionPlan> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./retain-worker.js', import.meta.url), { workerData: setup });
    worker.on('message', resolve);
    worker.on('error', (thrown) => reject(faultOfWorker(thrown)));
    worker.on('exit', () => reject(new Error('the planning of retention ended without a plan')));
  });
}
