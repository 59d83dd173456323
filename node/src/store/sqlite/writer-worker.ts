import { parentPort, workerData } from 'node:worker_threads';
import { CosmicError } from '@cosmicembeddings/sdk';
import { faultOf, openDatabase } from './driver.js';
import { preciseMs, type Worked } from '../../thread-work.js';
import { tidyAtRest } from '../../worker-memory.js';
import { configure } from './schema.js';
import { StoreWriter, type Outcome } from './writer.js';
import { answerOf } from './writer-answer.js';
import { packOutcomes, type WriterReply, type WriterRequest, type WriterSetup } from './writer-protocol.js';

const setup = workerData as WriterSetup;
const port = parentPort!;
const database = openDatabase(setup.engine, setup.path);
configure(database, setup.engine);
const writer = new StoreWriter(database, setup.path);

// Pages that a bulk wrote are read from the file again when they are wanted.
const untidied = tidyAtRest({ release: () => database.exec('PRAGMA shrink_memory') });
port.on('message', (request: WriterRequest) => {
  const fromMs = preciseMs();
  if (request.type === 'close') untidied();
  const worked = (): Worked => [fromMs, preciseMs()];
  let reply: WriterReply;
  try {
    const answer = answerOf(request, writer, database);
    const result =
      request.type === 'put' ? packOutcomes(answer as readonly Outcome[]) : (answer as readonly number[] | undefined);
    reply = { ok: true, result, head: writer.head(), worked: worked() };
  } catch (error) {
    const fault = faultOf(error);
    reply = {
      ok: false,
      message: fault instanceof CosmicError ? fault.detail : String((fault as Error).stack),
      head: writer.head(),
      worked: worked(),
      ...(fault instanceof CosmicError ? { code: fault.code } : {}),
    };
  }
  port.postMessage(reply);
  if (request.type === 'close') port.close();
});
port.postMessage({ ok: true, result: undefined, head: writer.head(), worked: [0, 0] } satisfies WriterReply);
