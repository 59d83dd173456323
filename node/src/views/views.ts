import {
  codes,
  CosmicError,
  type BlockId,
  type Clock,
  type Cursor,
  type Head,
  type KindHeader,
  type Registry,
  type Verdict,
  type ViewAnswer,
} from '@cosmicembeddings/sdk';
import { fallenIn, planCones, questionOf, takes, type ConePlan, type Params } from '@cosmicembeddings/sdk/views';
import type { Pressure } from '../follow/give-way.js';
import { StoreReader, type SqliteEngine } from '../store/sqlite/index.js';
import { openConeHost, type ConeHost } from './cone-host.js';
import { conesIn, readCone, removeCone, type ConeNote } from './cone-file.js';
import type { ConeChoice } from './cone-protocol.js';
import { createHidden } from './hidden.js';
import { packBlocks } from './pack.js';
import { openQuestions } from './questions.js';

export interface ViewsOptions {
  readonly storePath: string;
  readonly engine: SqliteEngine;
  /** Where the cones' files are kept. */
  readonly folder: string;
  readonly registry: Registry;
  /** Modules of plug-ins, for the workers to load the same registry. */
  readonly plugins: readonly string[];
  readonly clock: Clock;
  head(): Promise<Head>;
  readonly pressure?: Pressure;
  /** A block that a view cannot take, a view that stands still, a file that is built anew. */
  onFault?(detail: string): void;
}

export interface ConeState {
  /** Names of its views, joined by `+`. */
  readonly name: string;
  readonly position: Cursor;
  /** It is being built; questions are answered by an earlier state, or view.building. */
  readonly building: boolean;
  readonly failure?: string;
}

export interface Views {
  /** @throws CosmicError request.not_found, request.malformed, view.building, view.too_costly, view.busy, view.local, view.failed */
  ask(view: string, question: string, params: Params, at?: string): Promise<ViewAnswer>;
  /** The answer now, and again whenever it has changed, at most ten times a second. Ends with the signal. */
  watch(view: string, question: string, params: Params, signal: AbortSignal): AsyncIterable<ViewAnswer>;
  /** What views say of blocks, in the order asked. */
  verdicts(ids: readonly BlockId[]): Promise<readonly (readonly Verdict[])[]>;
  /** Row labels of the blocks that stay out of searches, bit by bit. The buffer is replaced, never changed. */
  hidden(): Uint8Array;
  isHidden(id: BlockId): boolean;
  /**
   * Resolves when what is hidden covers every block that could hide another one, or all blocks up to `seq`; undefined
   * where it does already. @throws CosmicError view.building when that is not soon
   */
  settled(seq?: number): Promise<void> | undefined;
  /** As `settled`, however long it takes; a view that is out of order holds nobody up. */
  judged(seq: number, signal: AbortSignal): Promise<void>;
  /** Something was stored: `header` may say that others are to be hidden. */
  noteStored(seq: number, header?: KindHeader): void;
  cones(): readonly ConeState[];
  position(): Promise<Cursor>;
  /** Resolves when all views have taken what came up to `seq`. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  notes(): readonly string[];
  close(): Promise<void>;
}

/** How long a search waits for what is hidden. */
const SETTLE_MS = 2_000;
const WATCH_MS = 100;
const FAULTS_MAX = 20;

/** A state of a cone: the one that is wanted, or an earlier one that answers until then. */
interface State {
  readonly plan: ConePlan;
  readonly host: ConeHost;
}

interface ConeRun {
  readonly plan: ConePlan;
  readonly wanted: State;
  /** Earlier states that are kept up meanwhile. */
  earlier: readonly State[];
  /** Earlier states whose code is not here any more: what they hid stays hidden. */
  frozen: readonly string[];
}

/** Follows the store with all views of the registry, in workers; see specs/views.md. */
export async function createViews(options: ViewsOptions): Promise<Views> {
  const { storePath, engine, folder, registry, plugins, clock } = options;
  const hidden = createHidden();
  const faults: string[] = [];
  const movers = new Set<() => void>();
  const closing = new AbortController();
  const fault = (detail: string): void => {
    if (faults.push(detail) > FAULTS_MAX) faults.shift();
    options.onFault?.(detail);
  };
  const questions = openQuestions({ storePath, engine, folder, plugins }, fault);
  const head = await options.head();
  /** The last block here that could hide another one. */
  let touchedTo = head.seq;

  const notes = conesIn(folder, engine, (path) => fault(`${path} is damaged and is built anew`));
  const plans = planCones(registry);
  const hiding = plans.filter(({ views }) => views.some(({ hides }) => hides !== undefined));
  const kept = new Set(plans.map(({ fingerprint }) => fingerprint));
  const runs = await Promise.all(plans.map(openRun));
  for (const { fingerprint } of notes) if (!kept.has(fingerprint)) removeCone(folder, fingerprint);

  async function openRun(plan: ConePlan): Promise<ConeRun> {
    const isReady = notes.some(({ fingerprint, ready }) => fingerprint === plan.fingerprint && ready);
    const before = isReady
      ? []
      : notes.filter((note) => note.ready && note.fingerprint !== plan.fingerprint && isOfViews(note, plan));
    const earlier: State[] = [];
    const frozen: string[] = [];
    for (const note of before) {
      kept.add(note.fingerprint);
      const old = planOfNote(note);
      if (old === undefined) {
        frozen.push(note.fingerprint);
        hideFrozen(note.fingerprint);
      } else earlier.push({ plan: old, host: await open(old) });
    }
    const run: ConeRun = { plan, wanted: { plan, host: await open(plan, () => swap(run)) }, earlier, frozen };
    if (run.wanted.host.isReady()) await swap(run);
    return run;
  }

  /** The cone that a file is of, where all of its code is still here. */
  function planOfNote(note: ConeNote): ConePlan | undefined {
    const views = registry.views.filter(({ name, version }) => note.views.includes(`${name}@${version}`));
    if (views.length < note.views.length) return undefined;
    const kind = (name: string) => (note.known.includes(name) ? registry.kind(name) : undefined);
    return planCones({ views, kind }).find(({ fingerprint }) => fingerprint === note.fingerprint);
  }

  /** What an earlier version hid stays hidden until the new one is there. */
  function hideFrozen(fingerprint: string): void {
    const file = readCone(folder, engine, fingerprint);
    if (file === undefined) return;
    const reader = new StoreReader(storePath, engine);
    try {
      hidden.replace(fingerprint, packBlocks([...new Set(fallenIn(file.store))], reader));
    } finally {
      reader.close();
      file.close();
    }
  }

  function open(plan: ConePlan, onReady?: () => Promise<void>): Promise<ConeHost> {
    let wasReady = false;
    return openConeHost({
      setup: {
        storePath,
        engine,
        folder,
        plugins,
        cone: choiceOf(plan),
        ...(options.pressure === undefined ? {} : { pressure: options.pressure }),
      },
      clock,
      onOpened: (fallen) => hidden.replace(plan.fingerprint, fallen),
      onMoved: ({ fell, stood, ready }) => {
        hidden.change(plan.fingerprint, fell, stood);
        if (ready && !wasReady) void onReady?.().catch((error: unknown) => fault(String(error)));
        wasReady = ready;
        for (const move of movers) move();
      },
      onFault: fault,
    });
  }

  /** The wanted state is there: earlier ones go. */
  async function swap(run: ConeRun): Promise<void> {
    const { earlier, frozen } = run;
    run.earlier = [];
    run.frozen = [];
    for (const { host } of earlier) await host.close();
    for (const fingerprint of [...earlier.map(({ plan }) => plan.fingerprint), ...frozen]) {
      if (kept.has(fingerprint) && plans.some((plan) => plan.fingerprint === fingerprint)) continue;
      hidden.drop(fingerprint);
      await questions.ask({ type: 'forget', fingerprint }).catch((error: unknown) => fault(String(error)));
      removeCone(folder, fingerprint);
    }
  }

  /** The state that answers for a view. @throws CosmicError request.not_found, view.failed, view.building */
  function answering(view: string, question?: string): State {
    if (question !== undefined) questionOf(registry.views, view, question);
    const run = runs.find(({ plan }) => plan.views.some(({ name }) => name === view))!;
    if (run.wanted.host.isReady()) return sound(run.wanted);
    const earlier = run.earlier.find(({ plan }) => plan.views.some(({ name }) => name === view));
    if (earlier !== undefined) return sound(earlier);
    const failure = run.wanted.host.failure();
    if (failure !== undefined) throw new CosmicError('view.failed', failure);
    throw new CosmicError(
      'view.building',
      `${view} has taken ${Math.max(0, run.wanted.host.position().seq)} of ${touchedTo}`,
    );
  }

  function sound(state: State): State {
    const failure = state.host.failure();
    if (failure !== undefined) throw new CosmicError('view.failed', failure);
    return state;
  }

  async function ask(view: string, question: string, params: Params, at?: string): Promise<ViewAnswer> {
    const { plan } = answering(view, question);
    const asked = { type: 'ask' as const, cone: choiceOf(plan), fingerprint: plan.fingerprint, view, question, params };
    return (await questions.ask(at === undefined ? asked : { ...asked, at })) as ViewAnswer;
  }

  async function* watch(
    view: string,
    question: string,
    params: Params,
    signal: AbortSignal,
  ): AsyncIterable<ViewAnswer> {
    const ending = AbortSignal.any([signal, closing.signal]);
    let last = '';
    while (!ending.aborted) {
      const moved = nextMove(ending);
      const answer = await ask(view, question, params).catch((error: unknown) => {
        if (error instanceof CosmicError && codes[error.code].retry) return undefined;
        throw error;
      });
      const text = answer === undefined ? last : JSON.stringify({ ...answer, cursor: undefined });
      if (answer !== undefined && text !== last) yield answer;
      last = text;
      await moved;
      await clock.sleep(WATCH_MS, ending).catch(() => undefined);
    }
  }

  function nextMove(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        movers.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      movers.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  async function verdicts(ids: readonly BlockId[]): Promise<readonly (readonly Verdict[])[]> {
    const all = ids.map((): Verdict[] => []);
    for (const { views } of plans) {
      const speaks = views.find(({ verdict }) => verdict !== undefined);
      if (speaks === undefined || ids.length === 0) continue;
      const { plan } = answering(speaks.name);
      const asked = { type: 'verdicts' as const, cone: choiceOf(plan), fingerprint: plan.fingerprint, ids };
      const found = (await questions.ask(asked)) as Verdict[][];
      found.forEach((list, i) => all[i]!.push(...list));
    }
    return all;
  }

  /** The state by which a hiding cone judges now: its position is how far. */
  function judging(plan: ConePlan): ConeHost | undefined {
    const run = runs.find((one) => one.plan === plan)!;
    if (run.wanted.host.isReady()) return run.wanted.host;
    return run.earlier.find(({ plan: old }) => old.views.some(({ hides }) => hides !== undefined))?.host;
  }

  function settled(seq = touchedTo): Promise<void> | undefined {
    const late = hiding.filter((plan) => {
      const host = judging(plan);
      return host === undefined || (host.position().seq < seq && host.failure() === undefined);
    });
    return late.length === 0 ? undefined : settle(late, seq);
  }

  async function settle(late: readonly ConePlan[], seq: number): Promise<void> {
    const deadline = new AbortController();
    const timer = clock.sleep(SETTLE_MS, deadline.signal).then(
      () => deadline.abort(new CosmicError('view.building', 'it is not known yet what is hidden')),
      () => undefined,
    );
    try {
      await Promise.all(late.map((plan) => waitJudged(plan, seq, deadline.signal)));
    } catch (error) {
      // What was hidden stays hidden. Only where nothing is known of it at all is a search refused.
      const isKnown = (plan: ConePlan): boolean =>
        judging(plan) !== undefined || runs.find((run) => run.plan === plan)!.frozen.length > 0;
      if (!late.every(isKnown)) throw error;
    } finally {
      deadline.abort(new Error('settled'));
      await timer;
    }
  }

  async function waitJudged(plan: ConePlan, seq: number, signal: AbortSignal): Promise<void> {
    while (judging(plan) === undefined) {
      await nextMove(signal);
      signal.throwIfAborted();
    }
    await judging(plan)!.waitFor(seq, signal);
  }

  return {
    ask,
    watch,
    verdicts,
    hidden: hidden.bits,
    isHidden: hidden.has,
    settled,
    judged: async (seq, signal) => {
      await Promise.all(
        hiding.map((plan) =>
          waitJudged(plan, seq, signal).catch((error: unknown) => {
            if (signal.aborted || judging(plan)?.failure() === undefined) throw error;
          }),
        ),
      );
    },
    noteStored(seq, header) {
      const touches = header === undefined || hiding.some(({ views }) => views.some((view) => takes(view, header)));
      if (touches && seq > touchedTo) touchedTo = seq;
    },
    cones: () =>
      runs.map(({ plan, wanted }) => {
        const failure = wanted.host.failure();
        return {
          name: plan.name,
          position: wanted.host.position(),
          building: !wanted.host.isReady(),
          ...(failure === undefined ? {} : { failure }),
        };
      }),
    position: () => {
      const positions = runs.map(({ wanted }) => wanted.host.position());
      const least = positions.reduce<Cursor | undefined>(
        (min, one) => (min === undefined || one.seq < min.seq ? one : min),
        undefined,
      );
      return Promise.resolve(least ?? { epoch: head.epoch, seq: Number.MAX_SAFE_INTEGER });
    },
    waitFor: async (seq, signal) => {
      await Promise.all(runs.map(({ wanted }) => wanted.host.waitFor(seq, signal)));
    },
    notes: () => faults,
    async close() {
      closing.abort(new CosmicError('node.stopping', 'views'));
      await questions.close();
      for (const { wanted, earlier } of runs) {
        for (const { host } of earlier) await host.close();
        await wanted.host.close();
      }
    },
  };
}

function isOfViews(note: ConeNote, plan: ConePlan): boolean {
  return note.views.some((one) => plan.views.some(({ name }) => one.slice(0, one.lastIndexOf('@')) === name));
}

function choiceOf({ views, known }: ConePlan): ConeChoice {
  return { views: views.map(({ name }) => name), known };
}
