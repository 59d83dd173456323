import {
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
import { conesIn, readCone, removeCone } from './cone-file.js';
import type { ConeChoice } from './cone-protocol.js';
import { createHidden } from './hidden.js';
import { createMoves } from './moves.js';
import { packBlocks } from './pack.js';
import { openQuestions } from './questions.js';
import {
  answering,
  coneState,
  earlierOf,
  leastPosition,
  planOfNote,
  type ConeRun,
  type ConeState,
  type State,
} from './runs.js';
import { failureOf, settleHidden, waitJudged } from './settle.js';
import { joinSignals } from '../signals.js';
import { watchAnswers } from './watch.js';

export interface ViewsOptions {
  readonly storePath: string;
  readonly engine: SqliteEngine;
  /** Where the cones' files are kept. */
  readonly folder: string;
  readonly registry: Registry;
  /** Modules of plug-ins, for the workers to load the same registry. */
  readonly plugins: readonly string[];
  readonly clock: Clock;
  /** As it is now. */
  readonly head: Head;
  readonly pressure?: Pressure;
  /** A block that a view cannot take, a view that stands still, a file that is built anew. */
  onFault?(detail: string): void;
  /** A view that shows no sign of life for so long is ended. */
  readonly hangMs?: number;
}

export interface Views {
  /** @throws CosmicError request.not_found, request.malformed, view.building, view.too_costly, view.busy, view.local, view.failed; `who`: whose turn it takes */
  ask(view: string, question: string, params: Params, at?: string, who?: string): Promise<ViewAnswer>;
  /** The answer now, and again whenever it has changed, at most ten times a second. Ends with the signal. */
  watch(view: string, question: string, params: Params, signal: AbortSignal, who?: string): AsyncIterable<ViewAnswer>;
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
  judged(seq: number, signal?: AbortSignal): Promise<void>;
  /** Something was stored: `header` may say that others are to be hidden. */
  noteStored(seq: number, header?: KindHeader): void;
  cones(): readonly ConeState[];
  position(): Promise<Cursor>;
  /** Resolves when all views have taken what came up to `seq`. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  notes(): readonly string[];
  close(): Promise<void>;
}

const FAULTS_MAX = 20;

/** Follows the store with all views of the registry, in workers; see specs/views.md. */
export async function createViews(options: ViewsOptions): Promise<Views> {
  const { storePath, engine, folder, registry, plugins, clock } = options;
  const hidden = createHidden();
  const faults: string[] = [];
  const moves = createMoves();
  const closing = new AbortController();
  const fault = (detail: string): void => {
    if (faults.push(detail) > FAULTS_MAX) faults.shift();
    options.onFault?.(detail);
  };
  const questions = openQuestions({ storePath, engine, folder, plugins }, fault);
  const { head } = options;
  /** The last block here that could hide another one. */
  let touchedTo = head.seq;

  const notes = conesIn(folder, engine, (path) => fault(`${path} is damaged and is built anew`));
  const plans = planCones(registry);
  const kept = new Set(plans.map(({ fingerprint }) => fingerprint));
  const runs = await Promise.all(plans.map(openRun));
  const hiding = runs.filter(({ plan }) => plan.views.some(({ hides }) => hides !== undefined));
  for (const { fingerprint } of notes) if (!kept.has(fingerprint)) removeCone(folder, fingerprint);

  async function openRun(plan: ConePlan): Promise<ConeRun> {
    const earlier: State[] = [];
    const frozen: string[] = [];
    for (const note of earlierOf(notes, plan)) {
      kept.add(note.fingerprint);
      const old = planOfNote(registry, note);
      if (old === undefined) {
        frozen.push(note.fingerprint);
        hideFrozen(note.fingerprint);
      } else earlier.push({ plan: old, host: await open(old) });
    }
    const run: ConeRun = { plan, wanted: { plan, host: await open(plan, () => swap(run)) }, earlier, frozen };
    if (run.wanted.host.isReady()) await swap(run);
    return run;
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
      ...(options.hangMs === undefined ? {} : { hangMs: options.hangMs }),
      // What a state that is being built hides counts when it is whole: a switch is at one moment.
      onOpened: (fallen, ready) => hidden.replace(plan.fingerprint, fallen, ready),
      onMoved: ({ fell, stood, ready }) => {
        hidden.change(plan.fingerprint, fell, stood);
        if (ready) hidden.count(plan.fingerprint);
        if (ready && !wasReady) void onReady?.().catch((error: unknown) => fault(String(error)));
        wasReady = ready;
        moves.move();
      },
      onFault: (detail) => {
        fault(detail);
        // Who waits for a state hears that there will be none.
        moves.move();
      },
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
  function answeringFor(view: string, question?: string): State {
    if (question !== undefined) questionOf(registry.views, view, question);
    const run = runs.find(({ plan }) => plan.views.some(({ name }) => name === view))!;
    return answering(run, view, touchedTo);
  }

  async function ask(view: string, question: string, params: Params, at?: string, who?: string): Promise<ViewAnswer> {
    const { plan } = answeringFor(view, question);
    const asked = { type: 'ask' as const, cone: choiceOf(plan), fingerprint: plan.fingerprint, view, question, params };
    return (await questions.ask(at === undefined ? asked : { ...asked, at }, who)) as ViewAnswer;
  }

  async function verdicts(ids: readonly BlockId[]): Promise<readonly (readonly Verdict[])[]> {
    const all = ids.map((): Verdict[] => []);
    for (const { views } of plans) {
      const speaks = views.find(({ verdict }) => verdict !== undefined);
      if (speaks === undefined || ids.length === 0) continue;
      const { plan } = answeringFor(speaks.name);
      const asked = { type: 'verdicts' as const, cone: choiceOf(plan), fingerprint: plan.fingerprint, ids };
      const found = (await questions.ask(asked)) as Verdict[][];
      found.forEach((list, i) => all[i]!.push(...list));
    }
    return all;
  }

  return {
    ask,
    watch: async function* (view, question, params, signal, who) {
      const ending = joinSignals(signal, closing.signal);
      try {
        yield* watchAnswers(() => ask(view, question, params, undefined, who), moves, clock, ending.signal);
      } finally {
        ending.end();
      }
    },
    verdicts,
    hidden: hidden.bits,
    isHidden: hidden.has,
    settled: (seq = touchedTo) => settleHidden(hiding, seq, moves, clock),
    judged: async (seq, signal) => {
      const ending = joinSignals(closing.signal, ...(signal === undefined ? [] : [signal]));
      try {
        await Promise.all(
          hiding.map((run) =>
            waitJudged(run, seq, moves, ending.signal).catch((error: unknown) => {
              if (ending.signal.aborted || failureOf(run) === undefined) throw error;
            }),
          ),
        );
      } finally {
        ending.end();
      }
    },
    noteStored(seq, header) {
      const touches = header === undefined || hiding.some(({ plan }) => plan.views.some((view) => takes(view, header)));
      if (touches && seq > touchedTo) touchedTo = seq;
    },
    cones: () => runs.map(coneState),
    position: () =>
      Promise.resolve(
        leastPosition(runs.map(({ wanted }) => wanted.host.position())) ?? {
          epoch: head.epoch,
          seq: Number.MAX_SAFE_INTEGER,
        },
      ),
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

function choiceOf({ views, known }: ConePlan): ConeChoice {
  return { views: views.map(({ name }) => name), known };
}
