import type { Code, Cursor } from '@cosmicembeddings/sdk';
import type { Pressure } from '../../follow/give-way.js';
import type { EngineSetting } from './graph.js';
import type { HostRules, HostStatus, SearchQuestion, VectorsAnswer } from './host.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly folder: string;
  readonly engine: EngineSetting;
  readonly threads?: number;
  readonly reader: { readonly folder: string; readonly engine: string };
  readonly plugins: readonly string[];
  readonly guard: boolean;
  readonly pressure?: Pressure;
  readonly rules?: Partial<HostRules>;
  /** Module whose `openReader` gives the store's tail instead of the SQLite reader; for tests. */
  readonly readerModule?: string;
}

export type ToWorker =
  | {
      readonly type: 'search';
      readonly first: number;
      readonly questions: readonly SearchQuestion[];
      /** The store's head as the asker knows it; absent: look. */
      readonly seq?: number;
    }
  | { readonly type: 'notify' }
  | { readonly type: 'status'; readonly id: number }
  | { readonly type: 'save'; readonly id: number }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'ready'; readonly engine: string; readonly position: Cursor }
  | { readonly type: 'answers'; readonly first: number; readonly answers: readonly (VectorsAnswer | Failure)[] }
  | {
      readonly type: 'progress';
      readonly position: Cursor;
      readonly notes?: readonly string[];
      readonly recall?: number | null;
    }
  | { readonly type: 'status'; readonly id: number; readonly status: HostStatus }
  | { readonly type: 'saved'; readonly id: number }
  | { readonly type: 'closed' };

export interface Failure {
  readonly code: Code;
  readonly detail: string;
}
