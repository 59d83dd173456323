import type { BlockId } from '../block/types.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';
import { CosmicError } from '../errors.js';
import type { Cursor } from '../ports/index.js';
import type { Verdict, ViewAnswer } from './answer.js';
import { coneCursor } from './cone.js';
import type { KeyedStore } from './keyed-store.js';
import type { ConePlan } from './plan.js';
import { dbOf, drive, newTrace, type ReaderOptions, type Trace } from './reader.js';
import { space } from './rows.js';
import { decodeTuple, encodeTuple } from './tuple.js';
import { viewLimits, type Question, type View } from './view.js';
import type { World } from './world.js';

/** One cone as questions see it, in one reading transaction. */
export interface Cone {
  readonly plan: ConePlan;
  readonly store: KeyedStore;
  readonly world: World;
}

/** Texts as they come from query strings, or values that have their types already. */
export type Params = Readonly<Record<string, unknown>>;

export interface AskOptions {
  /** Ends the run with view.busy when it answers true. */
  isLate?(): boolean;
  /** Only blocks of this scope; the view says what that is. */
  readonly at?: string | undefined;
  readonly cache?: AnswerCache;
  readonly budget?: number;
}

/** @throws CosmicError request.not_found, request.malformed, view.too_costly, view.busy, view.local, view.building; view.failed for what the view throws */
export function askView(
  cone: Cone,
  viewName: string,
  name: string,
  params: Params,
  options: AskOptions = {},
): ViewAnswer {
  const { view, question } = questionOf(cone.plan.views, viewName, name);
  const given = paramsOf(question, params);
  const cursor = coneCursor(cone.store);
  if (cursor === undefined) throw new CosmicError('view.building', `${viewName} has taken no block yet`);
  const key = JSON.stringify([viewName, name, options.at ?? null, Object.entries(given).sort()]);
  const remembered = options.cache?.find(key, cone, cursor.seq);
  if (remembered !== undefined) return { ...remembered, cursor };
  const trace = newTrace();
  const budget = options.budget ?? viewLimits.readRows;
  const result = run(
    () => drive(question.run(dbOf(budget), given as never), view, readerOf(cone, cursor, budget, options), trace),
    view,
  );
  const answer: ViewAnswer = {
    result: plain(result),
    cursor,
    missing: [...trace.missing].sort(),
    ...(trace.local ? { local: true } : {}),
  };
  options.cache?.keep(key, answer, trace);
  return answer;
}

/** What the views of a cone say of a block, those that have nothing to say left out. */
export function verdictsOf(cone: Cone, id: BlockId, options: AskOptions = {}): Verdict[] {
  const cursor = coneCursor(cone.store);
  const block = cursor === undefined ? undefined : cone.world.block(id, cursor.seq);
  if (cursor === undefined || block === undefined) return [];
  const budget = options.budget ?? viewLimits.readRows;
  return cone.plan.views.flatMap((view) => {
    if (view.verdict === undefined) return [];
    const trace = newTrace();
    const said = run(
      () => drive(view.verdict!(dbOf(budget), block), view, readerOf(cone, cursor, budget, options), trace),
      view,
    );
    return said === undefined ? [] : [{ view: view.name, ...said, ...(trace.local ? { local: true as const } : {}) }];
  });
}

function run<T>(work: () => T, view: View): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CosmicError) throw error;
    throw new CosmicError('view.failed', `${view.name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function readerOf(cone: Cone, { seq }: Cursor, budget: number, { isLate, at }: AskOptions): ReaderOptions {
  return {
    ...cone,
    upTo: seq,
    budget,
    scope: at,
    tick: () => {
      if (isLate?.() === true) throw new CosmicError('view.busy', `not done within ${viewLimits.questionMs} ms`);
    },
  };
}

/** @throws CosmicError request.not_found that names what there is */
export function questionOf(
  views: readonly View[],
  viewName: string,
  name: string,
): { readonly view: View; readonly question: Question } {
  const view = views.find((one) => one.name === viewName);
  if (view === undefined)
    throw new CosmicError(
      'request.not_found',
      `no view ${viewName}; there are ${views.map((one) => one.name).join(', ')}`,
    );
  const questions = view.questions ?? {};
  if (!Object.hasOwn(questions, name))
    throw new CosmicError(
      'request.not_found',
      `view ${viewName} has no question ${name}; it has ${Object.keys(questions).join(', ') || 'none'}`,
    );
  return { view, question: questions[name]! };
}

/** Text becomes what the schema says it is. @throws CosmicError request.malformed */
export function paramsOf(question: Question, given: Params): ValueMap {
  const types = (question.params.json['properties'] ?? {}) as Readonly<Record<string, { readonly type?: string }>>;
  const own: Record<string, Value> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || (question.page === true && (name === 'limit' || name === 'after'))) continue;
    own[name] = typed(value, Object.hasOwn(types, name) ? types[name]!.type : undefined);
  }
  const fault = question.params(own, 'params');
  if (fault !== undefined) throw new CosmicError('request.malformed', fault);
  if (question.page !== true) return own;
  const limit = given['limit'] === undefined ? viewLimits.pageDefault : typed(given['limit'], 'integer');
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1 || limit > viewLimits.pageRows)
    throw new CosmicError('request.malformed', `params.limit: expected an integer in 1…${viewLimits.pageRows}`);
  const after = given['after'];
  if (after !== undefined && typeof after !== 'string')
    throw new CosmicError('request.malformed', 'params.after: expected text');
  return { ...own, limit, ...(after === undefined ? {} : { after }) };
}

function typed(value: unknown, type: string | undefined): Value {
  if (typeof value !== 'string') return value as Value;
  if (type === 'integer' && /^-?\d{1,16}$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** As JSON can carry it: integers beyond 2^53 as decimal text, nothing undefined. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint')
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[key, plain(one)]])),
  );
}

export interface AnswerCache {
  find(key: string, cone: Cone, upTo: number): ViewAnswer | undefined;
  keep(key: string, answer: ViewAnswer, trace: Trace): void;
}

const ANSWERS_MAX = 1000;
const ANSWER_CHARACTERS_MAX = 65_536;
const RANGES_MAX = 64;

/**
 * Answers by what they read: one is good as long as no range that it read has changed, and no block that it asked for
 * came or went. The least recently used go.
 */
export function createAnswerCache(): AnswerCache {
  const kept = new Map<string, { readonly answer: ViewAnswer; readonly trace: Trace }>();
  return {
    find(key, { store, world }, upTo) {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      kept.delete(key);
      const { answer, trace } = entry;
      const isSame =
        [...trace.buckets].every((bucket) => versionOf(store, bucket) <= answer.cursor.seq) &&
        [...trace.blocks].every(([id, was]) => (world.block(id, upTo) !== undefined) === was) &&
        [...trace.bodies].every(([id, was]) => (world.body(id, upTo) !== undefined) === was);
      if (!isSame) return undefined;
      kept.set(key, entry);
      return answer;
    },
    keep(key, answer, trace) {
      if (trace.buckets.size + trace.blocks.size + trace.bodies.size > RANGES_MAX) return;
      if (JSON.stringify(answer.result).length > ANSWER_CHARACTERS_MAX) return;
      kept.set(key, { answer, trace });
      if (kept.size > ANSWERS_MAX) kept.delete(kept.keys().next().value!);
    },
  };
}

function versionOf(store: KeyedStore, bucket: number): number {
  const kept = store.get(encodeTuple([space.versions, bucket]));
  return kept === undefined ? 0 : (decodeTuple(kept)[0] as number);
}
