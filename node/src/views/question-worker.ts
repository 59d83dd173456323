import { parentPort, workerData } from 'node:worker_threads';
import { CosmicError, createRegistry, type Code } from '@cosmicembeddings/sdk';
import {
  askView,
  createAnswerCache,
  planCones,
  verdictsOf,
  viewLimits,
  type AnswerCache,
  type Cone,
  type Params,
} from '@cosmicembeddings/sdk/views';
import { loadPlugins } from '../plugins.js';
import { lateAfter, threadTimeMs, threadTimePath } from '../thread-time.js';
import { faultOf, reading, type SqliteEngine } from '../store/sqlite/driver.js';
import { StoreReader } from '../store/sqlite/index.js';
import { readCone, type ConeFile } from './cone-file.js';
import type { ConeChoice } from './cone-protocol.js';
import { createStoreWorld } from './store-world.js';

export interface QuestionSetup {
  readonly storePath: string;
  readonly engine: SqliteEngine;
  readonly folder: string;
  readonly plugins: readonly string[];
}

/** A question to the state of a cone, whose file is named by its fingerprint. */
export type QuestionAsked =
  | {
      readonly type: 'ask';
      readonly cone: ConeChoice;
      readonly fingerprint: string;
      readonly view: string;
      readonly question: string;
      readonly params: Params;
      readonly at?: string;
    }
  | {
      readonly type: 'verdicts';
      readonly cone: ConeChoice;
      readonly fingerprint: string;
      readonly ids: readonly string[];
    }
  | { readonly type: 'forget'; readonly fingerprint: string }
  | { readonly type: 'close' };

export type QuestionRequest = QuestionAsked & { readonly number: number };

export interface QuestionReply {
  /** 0: the worker has begun. */
  readonly number: number;
  readonly timePath?: string | undefined;
  readonly answer?: unknown;
  readonly code?: Code;
  readonly error?: string;
}

const setup = workerData as QuestionSetup;
const port = parentPort!;
const timePath = threadTimePath();
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine);
const world = createStoreWorld(reader, registry);
const cones = new Map<string, { readonly cone: Cone; readonly file: ConeFile; readonly cache: AnswerCache }>();

function opened({ views, known }: ConeChoice, fingerprint: string) {
  let one = cones.get(fingerprint);
  if (one === undefined) {
    const [plan] = planCones({
      views: registry.views.filter(({ name }) => views.includes(name)),
      kind: (name) => (known.includes(name) ? registry.kind(name) : undefined),
    });
    const file = plan?.fingerprint === fingerprint ? readCone(setup.folder, setup.engine, fingerprint) : undefined;
    if (plan === undefined || file === undefined) throw new CosmicError('view.building', views.join(', '));
    one = { cone: { plan, store: file.store, world }, file, cache: createAnswerCache() };
    cones.set(fingerprint, one);
  }
  return one;
}

function forget(fingerprint: string): void {
  cones.get(fingerprint)?.file.close();
  cones.delete(fingerprint);
}

function answer(request: QuestionAsked): unknown {
  if (request.type === 'forget') return forget(request.fingerprint);
  if (request.type === 'close') {
    for (const fingerprint of [...cones.keys()]) forget(fingerprint);
    reader.close();
    return undefined;
  }
  const { cone, file, cache } = opened(request.cone, request.fingerprint);
  const isLate = lateAfter(viewLimits.questionMs, () => threadTimeMs(timePath));
  return reading(file.database, () =>
    request.type === 'ask'
      ? askView(cone, request.view, request.question, request.params, { isLate, cache, at: request.at })
      : request.ids.map((id) => verdictsOf(cone, id, { isLate })),
  );
}

port.on('message', (request: QuestionRequest) => {
  const { number } = request;
  try {
    port.postMessage({ number, answer: answer(request) } satisfies QuestionReply);
  } catch (thrown) {
    if (request.type === 'ask' || request.type === 'verdicts') forget(request.fingerprint);
    const error = faultOf(thrown);
    port.postMessage(
      (error instanceof CosmicError
        ? { number, code: error.code, error: error.detail }
        : { number, error: String((error as Error).stack) }) satisfies QuestionReply,
    );
  }
  if (request.type === 'close') port.close();
});
port.postMessage({ number: 0, timePath } satisfies QuestionReply);
