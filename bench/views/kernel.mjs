/**
 * The kernel of views alone, over SQLite on disk: node bench/views/kernel.mjs [ballots] [transfers] [hidden]
 * Ballots counted by `group` and `sum`, transfers followed by `causal`, blocks hidden by one handover. Appends to results/kernel.jsonl.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corePlugins, createRegistry, didOf, rotatesFrom, rotatesTo, sha256, utf8 } from '@cosmicembeddings/sdk';
import { blockId, createViewWorld } from '@cosmicembeddings/sdk/testing';
import { askView, createAnswerCache, planCones, takeBatch } from '@cosmicembeddings/sdk/views';
import { struct, text } from '@cosmicembeddings/sdk/schema';
import { openCone } from '../../node/dist/views/cone-file.js';
import { chooseSqlite } from '../../node/dist/store/sqlite/driver.js';
import { record } from '../accept/record.mjs';
import poll from '../../examples/poll/plugin.js';

const [ballots, transfers, hidden] = [100_000, 100_000, 100_000].map((n, i) => Number(process.argv[2 + i] ?? n));
const BATCH = 256;
const SINGLES = 500;
const AUTHORS = 20_000;
const engine = chooseSqlite('auto');
const key = (i) => `did:key:bench${i}`;

/** Each transfer names those that it spends; what follows is how much an owner has from this line. */
const credit = {
  name: 'credit',
  kinds: [{ name: 'transfer.bench/1', maxBytes: 4096, schema: {}, parse: (_, body) => ({ ok: true, body }) }],
  views: [
    {
      name: 'credit',
      version: 1,
      kinds: ['transfer.bench/1'],
      tables: { transfers: { key: ['owner'] } },
      head: ({ author, refs }) => ({ transfers: [{ owner: author, spends: refs.map(({ id }) => id) }] }),
      derived: {
        lines: {
          op: 'causal',
          from: 'transfers',
          along: 'spends',
          key: ['owner'],
          rows: ([own], before) => [
            {
              owner: own.owner,
              amount: before.reduce((sum, rows) => sum + rows.reduce((all, row) => all + row.amount, 0), 1) % 1_000_003,
            },
          ],
        },
        balances: { op: 'sum', from: 'lines', by: ['owner'], ints: ['amount'] },
      },
      questions: {
        of: {
          describe: '',
          params: struct({ owner: text(100) }),
          answer: struct({}),
          run: function* (db, { owner }) {
            return yield* db.row('balances', [owner]);
          },
        },
      },
    },
  ],
};

const folder = mkdtempSync(join(tmpdir(), 'cosmic-bench-views-'));
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.floor(q * (list.length - 1))];
const round = (n) => Math.round(n * 1000) / 1000;

function nodeOf(plugins, name) {
  const registry = createRegistry([...corePlugins, ...plugins]);
  const plan = planCones(registry).find(({ views }) => views.some((view) => view.name === name));
  const file = openCone(folder, engine, plan);
  const world = createViewWorld(registry);
  const cone = { plan, store: file.store, world };
  let at = 0;
  return {
    cone,
    put: (block) => world.put(block),
    /** Milliseconds of processor time: this machine may be shared. */
    take(batch = BATCH) {
      const before = process.cpuUsage();
      for (; at < world.head;) {
        const to = Math.min(world.head, at + batch);
        takeBatch(plan, file.store, world, world.items(at, to), { epoch: 'bench', seq: to });
        at = to;
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    },
    /** What a node does between batches. */
    settle: () => file.settle(),
    ask: (question, params, options) => askView(cone, name, question, params, options).result,
    bytes: () => statSync(join(folder, `${plan.fingerprint}.sqlite`)).size,
    close: () => file.close(),
  };
}

try {
  const polls = nodeOf([poll], 'poll');
  const ballot = (i, poll = 'poll') => ({
    id: blockId(`ballot ${i} ${poll}`),
    kind: 'poll.example/1',
    author: key(i % AUTHORS),
    timeMs: i,
    refs: [{ rel: 'about', id: blockId(poll) }],
    fields: { choice: i % 3 },
  });
  polls.put({
    id: blockId('poll'),
    kind: 'poll.example/1',
    author: key(0),
    timeMs: 0,
    refs: [],
    fields: { question: 'q', options: ['a', 'b', 'c'] },
  });
  for (let i = 0; i < ballots; i++) polls.put(ballot(i));
  const countedMs = polls.take();
  const askedAt = performance.now();
  polls.ask('result', { id: blockId('poll') });
  const coldMs = performance.now() - askedAt;
  const cache = createAnswerCache();
  const single = [];
  for (let i = 0; i < SINGLES; i++) {
    polls.put(ballot(ballots + i));
    const takenMs = polls.take();
    const since = process.cpuUsage();
    polls.ask('result', { id: blockId('poll') }, { cache });
    const { user, system } = process.cpuUsage(since);
    single.push(takenMs + (user + system) / 1000);
    if (i % 64 === 0) polls.settle();
  }
  record('../views/results/kernel.jsonl', {
    what: 'ballots',
    n: ballots,
    authors: AUTHORS,
    perSecond: Math.round(ballots / (countedMs / 1000)),
    coldAnswerMs: round(coldMs),
    ballotToTallyMs: { p50: round(quantile(single, 0.5)), p99: round(quantile(single, 0.99)) },
    bytesEach: Math.round(polls.bytes() / ballots),
    heapMb: Math.round(process.memoryUsage().heapUsed / 1e6),
  });
  polls.close();

  const ledger = nodeOf([credit], 'credit');
  const name = (i) => blockId(`transfer ${i}`);
  const transfer = (i) => ({
    id: name(i),
    kind: 'transfer.bench/1',
    author: key(i % 1000),
    timeMs: i,
    refs: i === 0 ? [] : [...new Set([i - 1, Math.floor(i * 0.37)])].map((j) => ({ rel: 'spends', id: name(j) })),
    fields: {},
  });
  for (let i = 1; i < transfers; i++) ledger.put(transfer(i));
  const waitingMs = ledger.take();
  ledger.put(transfer(0));
  const rootMs = ledger.take();
  const steps = [];
  for (let i = transfers; i < transfers + SINGLES; i++) {
    ledger.put(transfer(i));
    steps.push(ledger.take());
    if (i % 64 === 0) ledger.settle();
  }
  const slow = ledger.ask('of', { owner: key(1) });
  record('../views/results/kernel.jsonl', {
    what: 'transfers',
    n: transfers,
    withoutRootPerSecond: Math.round(transfers / (waitingMs / 1000)),
    lateRootSeconds: round(rootMs / 1000),
    transferMs: { p50: round(quantile(steps, 0.5)), p99: round(quantile(steps, 0.99)) },
    bytesEach: Math.round(ledger.bytes() / transfers),
    isCounted: slow !== undefined,
  });
  ledger.close();

  const standing = nodeOf([], 'standing');
  const did = (word) => didOf(sha256(utf8(word)));
  const [from, to] = [did('old'), did('new')];
  const half = (author, refs) => ({
    id: blockId(`half ${author}`),
    kind: 'rotate/1',
    author,
    timeMs: 0,
    refs,
    seenMs: 1,
  });
  for (let i = 0; i < hidden; i++)
    standing.put({ id: blockId(`late ${i}`), kind: 'embedding/1', author: from, timeMs: 0, refs: [], seenMs: 2 });
  standing.put(half(from, rotatesTo(to)));
  standing.take();
  standing.put(half(to, rotatesFrom(from)));
  const hiddenMs = standing.take();
  record('../views/results/kernel.jsonl', {
    what: 'hidden by one handover',
    n: hidden,
    seconds: round(hiddenMs / 1000),
  });
  standing.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
