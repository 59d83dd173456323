import type { FollowerPart } from '../../follow/index.js';
import type { Worked } from '../../thread-work.js';
import type { EngineSetting } from './graph.js';
import type { HostRules, HostStatus, SearchQuestion } from './host.js';
import type { Neighbours } from './neighbours.js';
import type { PackedAnswers } from './packed-answers.js';

/** What a worker is started with. */
export interface WorkerSetup {
  /** As a follower. */
  readonly name: string;
  readonly folder: string;
  readonly engine: EngineSetting;
  readonly threads?: number;
  readonly reader: { readonly folder: string; readonly engine: string };
  readonly plugins: readonly string[];
  readonly guard: boolean;
  readonly rules?: Partial<HostRules>;
  /** Module whose `openReader` gives the store's tail instead of the SQLite reader, and what else it is told. */
  readonly readerModule?: string;
  readonly readerOptions?: unknown;
}

export type WorkerStart = WorkerSetup & { readonly follower: FollowerPart };

export type ToWorker =
  | {
      readonly type: 'search';
      readonly first: number;
      readonly questions: readonly SearchQuestion[];
      /** The store's head as the asker knows it; absent: look. */
      readonly seq?: number;
    }
  | {
      readonly type: 'neighbours';
      readonly id: number;
      readonly space: string;
      readonly labels: Uint32Array;
      readonly k: number;
    }
  | { readonly type: 'notify'; readonly seq?: number }
  | { readonly type: 'status'; readonly id: number }
  | { readonly type: 'save'; readonly id: number }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'engine'; readonly engine: string }
  | { readonly type: 'answers'; readonly first: number; readonly packed: PackedAnswers; readonly worked: Worked }
  | { readonly type: 'notes'; readonly notes: readonly string[]; readonly recall: number | null }
  | { readonly type: 'near'; readonly authors: readonly (readonly [author: string, rows: number])[] }
  | { readonly type: 'status'; readonly id: number; readonly status: HostStatus }
  | { readonly type: 'neighbours'; readonly id: number; readonly near: Neighbours | undefined }
  | { readonly type: 'saved'; readonly id: number };
