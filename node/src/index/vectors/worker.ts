import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createRegistry } from '@cosmicembeddings/sdk';
import { serveFollower, type Followed, type Following, type Serving } from '../../follow/index.js';
import { loadPlugins } from '../../plugins.js';
import { preciseMs, type Worked } from '../../thread-work.js';
import { tidyAtRest } from '../../worker-memory.js';
import { chooseEngine } from './choose-engine.js';
import { IndexHost, type SearchQuestion } from './host.js';
import type { FromWorker, ToWorker, WorkerSetup, WorkerStart } from './messages.js';
import { packAnswers } from './packed-answers.js';

/** Notes are gathered over all spaces: not with every search. */
const NOTES_EVERY_MS = 1000;
const ANSWERS_AT_A_TIME = 3;
/** A question for more rows is answered when no others wait, and by itself. */
const SMALL_MAX = 1000;
/** Items read at one time. */
const BATCH = 128;
/** Time that one search may spend on reading what the store has and the index has not. */
const CATCH_UP_MS = 8;
/** Where texts are embedded for it, a batch under way may take longer, and who is further behind does not try. */
const CATCH_UP_MAX_MS = 50;
const NEAR = 64;

/** Looking for neighbours of rows that are here: nobody waits for it, but searches wait while it goes on. */
const NEAR_MS = 5;

/** What the index reads with, in this thread. */
export interface IndexReader extends Followed {
  close(): void | Promise<void>;
}

const setup = workerData as WorkerStart;
const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);

let answering: Promise<void> = Promise.resolve();
/** Large questions, one after another. */
let large: Promise<void> = Promise.resolve();
let reported = '';

const reader = await openReader();
const engine = await chooseEngine(setup.engine, setup.threads === undefined ? {} : { threads: setup.threads });
const host = await IndexHost.open({
  name: setup.name,
  folder: setup.folder,
  engine,
  reader,
  registry: createRegistry(await loadPlugins(setup.plugins)),
  guard: setup.guard,
  nowMs: Date.now,
  yieldTurn: () => immediate(),
  onPass: () => void loops.then(([, building]) => building.resume()),
  ...(setup.rules === undefined ? {} : { rules: setup.rules }),
});
send({ type: 'engine', engine: engine.name });
report();
const loops = serve();
tidyAtRest();
const [following] = await loops;
const reporting = setInterval(report, NOTES_EVERY_MS).unref();

port.on('message', (message: ToWorker) => {
  if (message.type === 'search') void answer(message);
  else if (message.type === 'neighbours')
    send({
      type: 'neighbours',
      id: message.id,
      near: host.neighbours(message.space, message.labels, message.k, NEAR_MS),
    });
  else if (message.type === 'status') send({ type: 'status', id: message.id, status: host.status });
  else if (message.type === 'save') void host.save({ graph: true }).then(() => send({ type: 'saved', id: message.id }));
  else if (message.type === 'notify') following.notify(message.seq);
  else void close();
});

async function serve(): Promise<readonly [Serving, Following]> {
  const first = await serveFollower(host, { store: reader, part: setup.follower, port, batch: BATCH });
  return [first, await first.beside(host.builder)];
}

async function close(): Promise<void> {
  clearInterval(reporting);
  await following.close();
  await answering;
  await host.close();
  await reader.close();
  port.close();
}

/** Some at a time, so that the main thread shows hits while the next are looked for. */
function answer({ first, questions, seq = Infinity }: Extract<ToWorker, { type: 'search' }>): Promise<void> {
  const one = (async () => {
    // What cannot be read now is missing from the answer, which says how far it reaches.
    const catchUp = (): Promise<unknown> => following.catchUp(seq, Date.now() + CATCH_UP_MS).catch(() => undefined);
    if (setup.readerModule === undefined) await catchUp();
    else if (seq - following.position().seq <= NEAR) await Promise.race([catchUp(), delay(CATCH_UP_MAX_MS)]);
    const isSmall = ({ k }: SearchQuestion): boolean => k <= SMALL_MAX;
    if (questions.every(isSmall)) {
      for (let at = 0; at < questions.length; at += ANSWERS_AT_A_TIME)
        give(first + at, questions.slice(at, at + ANSWERS_AT_A_TIME));
      return;
    }
    questions.forEach((question, i) => isSmall(question) && give(first + i, [question]));
    for (const [i, question] of questions.entries())
      if (!isSmall(question))
        await (large = large.then(async () => {
          // What came meanwhile is answered first.
          await immediate();
          give(first + i, [question]);
        }));
  })();
  answering = Promise.all([answering, one]).then(() => undefined);
  return one;
}

function give(first: number, questions: readonly SearchQuestion[]): void {
  const fromMs = preciseMs();
  const packed = packAnswers(host.search(questions));
  const worked: Worked = [fromMs, preciseMs()];
  port.postMessage({ type: 'answers', first, packed, worked } satisfies FromWorker, [
    packed.numbers.buffer as ArrayBuffer,
  ]);
}

function report(): void {
  const near = host.takeNear();
  if (near.length > 0) send({ type: 'near', authors: near });
  const { notes, recall } = host;
  const line = `${recall ?? ''} ${notes.join('\n')}`;
  if (line === reported) return;
  reported = line;
  send({ type: 'notes', notes, recall: recall ?? null });
}

async function openReader(): Promise<IndexReader> {
  if (setup.readerModule !== undefined)
    return ((await import(setup.readerModule)) as { openReader(setup: WorkerSetup): Promise<IndexReader> }).openReader(
      setup,
    );
  const { openSqliteReader } = await import('../../store/sqlite/index.js');
  return openSqliteReader({ folder: setup.reader.folder, engine: setup.reader.engine as never });
}
