import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { CosmicError, createRegistry } from '@cosmicembeddings/sdk';
import { loadPlugins } from '../../plugins.js';
import { restAfter } from '../../follow/give-way.js';
import type { IndexReader } from './follower.js';
import { chooseEngine } from './choose-engine.js';
import { IndexHost } from './host.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';

/** How long an idle worker waits for a hint before it looks by itself. */
const LOOK_EVERY_MS = 500;
/** Notes are gathered over all spaces: not with every search. */
const NOTES_EVERY_MS = 1000;
const ANSWERS_AT_A_TIME = 3;

const setup = workerData as WorkerSetup;
const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);

const reader = await openReader();
const engine = await chooseEngine(setup.engine, setup.threads === undefined ? {} : { threads: setup.threads });
const host = await IndexHost.open({
  folder: setup.folder,
  engine,
  reader,
  registry: createRegistry(await loadPlugins(setup.plugins)),
  guard: setup.guard,
  nowMs: Date.now,
  yieldTurn: () => immediate(),
  ...(setup.rules === undefined ? {} : { rules: setup.rules }),
});

let closing = false;
let wake: () => void = () => undefined;
let reported = { epoch: '', seq: -1, line: '', notesMs: 0 };

port.on('message', (message: ToWorker) => {
  if (message.type === 'search') void answer(message);
  else if (message.type === 'status') send({ type: 'status', id: message.id, status: host.status });
  else if (message.type === 'save') void host.save({ graph: true }).then(() => send({ type: 'saved', id: message.id }));
  else if (message.type === 'close') closing = true;
  wake();
});
report();
send({ type: 'ready', engine: engine.name, position: host.position });
await follow();
await host.close();
send({ type: 'closed' });
port.close();

/** A failure in here ends the worker; the main thread starts another one from what is saved. */
async function follow(): Promise<void> {
  while (!closing) {
    const startedMs = performance.now();
    const busy = await host.turn();
    report();
    const restMs = busy ? restAfter(performance.now() - startedMs, setup.pressure) : 0;
    if (restMs > 0) await sleep(restMs);
    else if (busy) await immediate();
    else if (!closing) await pause();
  }
}

/** Some at a time, so that the main thread shows hits while the next are looked for. */
async function answer({ first, questions, seq }: Extract<ToWorker, { type: 'search' }>): Promise<void> {
  for (let at = 0; at < questions.length; at += ANSWERS_AT_A_TIME) {
    const answers = await host.search(questions.slice(at, at + ANSWERS_AT_A_TIME), seq);
    if (at === 0) report();
    send({
      type: 'answers',
      first: first + at,
      answers: answers.map((one) => (one instanceof CosmicError ? { code: one.code, detail: one.detail } : one)),
    });
  }
}

function report(): void {
  const { position } = host;
  const moved = position.seq !== reported.seq || position.epoch !== reported.epoch;
  const nowMs = Date.now();
  if (nowMs - reported.notesMs >= NOTES_EVERY_MS) {
    const { notes, recall } = host;
    const line = `${recall ?? ''} ${notes.join('\n')}`;
    if (line === reported.line && !moved) return;
    reported = { ...position, line, notesMs: nowMs };
    send({ type: 'progress', position, notes, recall: recall ?? null });
  } else if (moved) {
    reported = { ...reported, ...position };
    send({ type: 'progress', position });
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, LOOK_EVERY_MS);
    function done(): void {
      clearTimeout(timer);
      wake = () => undefined;
      resolve();
    }
    wake = done;
  });
}

async function openReader(): Promise<IndexReader> {
  if (setup.readerModule !== undefined)
    return ((await import(setup.readerModule)) as { openReader(setup: WorkerSetup): Promise<IndexReader> }).openReader(
      setup,
    );
  const { openSqliteReader } = await import('../../store/sqlite/index.js');
  return openSqliteReader({ folder: setup.reader.folder, engine: setup.reader.engine as never });
}
