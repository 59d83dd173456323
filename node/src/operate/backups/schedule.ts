import { Worker } from 'node:worker_threads';
import { CosmicError, type Clock, type Code } from '@cosmicembeddings/sdk';
import type { SettingSchema } from '../../json-schema.js';
import type { Outcome, Setup } from './take-locked.js';

/** When and where a running node backs itself up. */
export interface BackupRules {
  readonly to: string;
  readonly everyMs: number;
  readonly recipients: readonly string[];
  readonly keep: number;
  readonly identity: boolean;
}

const HOUR_MS = 3_600_000;

export const backupSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  description: 'backups that a running node takes of itself',
  properties: {
    to: { type: 'string', minLength: 1, description: 'a folder, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME' },
    everyMs: {
      type: 'integer',
      minimum: 60_000,
      maximum: 366 * 24 * HOUR_MS,
      default: HOUR_MS,
      unit: 'ms',
      description: 'time between two',
    },
    recipients: {
      type: 'array',
      items: { type: 'string', pattern: '^age1[a-z0-9]+$' },
      default: [],
      description: 'age recipients to whom they are sealed; none: they lie open',
    },
    keep: { type: 'integer', minimum: 1, maximum: 10_000, default: 48, description: 'how many stay' },
    identity: {
      type: 'boolean',
      default: false,
      description: 'sealed ones take along keys, token and API keys: a restored node can be the same one',
    },
  },
};

/** How it stands with the backups of a running node. */
export interface BackupState {
  /** When the last good one was taken, ms since the epoch. */
  readonly lastMs?: number;
  /** Since when they are taken, ms since the epoch. */
  readonly sinceMs: number;
  readonly failures: number;
  /** What went wrong, where the last try did. */
  readonly fault?: string;
}

export interface Schedule {
  state(): BackupState;
  close(): Promise<void>;
}

/** Takes a backup at once and then in turn, each in a thread of its own. A failed one is tried again after a minute. */
export function scheduleBackups(options: {
  readonly rules: BackupRules;
  /** Whose backup it is. */
  readonly store: Pick<Setup, 'path' | 'engine' | 'folder' | 'seed' | 'node'>;
  readonly clock: Clock;
  readonly onTaken?: (outcome: Outcome) => void;
  readonly onError?: (error: unknown) => void;
}): Schedule {
  const { clock, rules, store } = options;
  const { everyMs, to, recipients, keep, identity } = rules;
  const stopping = new AbortController();
  let state: BackupState = { failures: 0, sinceMs: clock.now() };
  const rounds = (async () => {
    while (!stopping.signal.aborted) {
      const startedMs = clock.now();
      let waitMs = everyMs;
      try {
        const setup = { ...store, to, recipients, keep, identity, nowMs: startedMs };
        const outcome = await takeInWorker(setup, stopping.signal);
        state = { lastMs: clock.now(), sinceMs: state.sinceMs, failures: state.failures };
        options.onTaken?.(outcome);
      } catch (error) {
        if (stopping.signal.aborted) return;
        const fault = error instanceof Error ? error.message : String(error);
        state = { ...state, failures: state.failures + 1, fault };
        options.onError?.(error);
        waitMs = Math.min(everyMs, RETRY_MS);
      }
      await clock.sleep(Math.max(0, startedMs + waitMs - clock.now()), stopping.signal).catch(() => undefined);
    }
  })();
  return {
    state: () => state,
    close: async () => {
      stopping.abort();
      await rounds;
    },
  };
}

const RETRY_MS = 60_000;

/** Reads, seals and sends away from the event loop. The thread's own fault is an error of its code. */
function takeInWorker(setup: Setup, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./backup-worker.js', import.meta.url), { workerData: setup });
    const stop = (): void => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    worker.on('message', (answer: { readonly outcome: Outcome } | { readonly code: Code; readonly detail: string }) => {
      if ('outcome' in answer) resolve(answer.outcome);
      else reject(new CosmicError(answer.code, answer.detail));
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      signal.removeEventListener('abort', stop);
      reject(new Error('the backup ended before it was done'));
    });
  });
}

/** For people, while something is wrong. */
export function backupNotes(state: BackupState | undefined): string[] {
  if (state?.fault === undefined) return [];
  const last =
    state.lastMs === undefined
      ? 'none was taken since the start'
      : `the last good one is of ${new Date(state.lastMs).toISOString()}`;
  return [`backup: ${state.fault}; ${last}`];
}
