/**
 * A client process that searches over raw keep-alive connections.
 * Told by its parent: `{peer, at, data, seed, skip, count, limitSeconds, clients, filtered?, hybrid?, keep}`; `at` is what the
 * module `wire/PEER.mjs` must know (its port). Questions `skip … skip + count` of the stream, each asked once, until the time is
 * up. Tells back `{begins}` when it has made its requests, then `{done: {perSecond, p50Ms, p99Ms, cpuSeconds, answers}}`; answers
 * of the first `keep` questions are parsed after the clock has stopped.
 */
import { opened } from './connection.mjs';
import { wordsOf } from './texts.mjs';
import { QUERIES, rowsOf } from './vectors.mjs';

function questionsOf({ data, seed, skip, count, filtered = false, hybrid = false }) {
  const nextVector = rowsOf(data, seed, QUERIES);
  const nextWords = wordsOf(seed);
  const questions = Array.from({ length: skip + count }, (_, number) => ({
    number,
    vector: nextVector(),
    ...(hybrid && { words: nextWords() }),
    filtered,
  }));
  return questions.slice(skip).filter(({ vector }) => vector !== undefined);
}

async function ask(job) {
  const { wireOf } = await import(`./wire/${job.peer}.mjs`);
  const wire = wireOf(job.at);
  const requests = questionsOf(job).map((question) => wire.searchOf(question));
  const times = [];
  const kept = [];
  const connections = await Promise.all(Array.from({ length: job.clients }, () => opened(job.at.port, wire)));
  let at = 0;
  let bytes = 0;
  process.send({ begins: true });
  const cpu = process.cpuUsage();
  const started = performance.now();
  const untilMs = started + job.limitSeconds * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      for (let i = at++; i < requests.length && (i < job.keep || performance.now() < untilMs); i = at++) {
        const asked = performance.now();
        const body = await connection.ask(requests[i]);
        times.push(performance.now() - asked);
        bytes += body.length;
        if (i < job.keep) kept[i] = Buffer.from(body);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of connections) connection.close();
  times.sort((a, b) => a - b);
  const quantile = (q) => Number(times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(2));
  return {
    clients: job.clients,
    questions: times.length,
    perSecond: Math.round(times.length / seconds),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    seconds: Number(seconds.toFixed(2)),
    clientCpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
    clientCpuMsPerSearch: Number(((user + system) / 1e3 / times.length).toFixed(3)),
    answerBytes: Math.round(bytes / times.length),
    answers: kept.map((body) => wire.answerOf(body)),
  };
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  try {
    process.send({ done: await ask(job) });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
