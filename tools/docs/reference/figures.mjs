/** Tables of the performance page, from the newest line of each figure in bench/scale/results. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const whole = (number) => Math.round(number).toLocaleString('en');

export function performanceTables(root) {
  const lines = readFileSync(join(root, 'bench/scale/results/scale.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(({ data, seed, skipped }) => data === 'clustered' && seed === 1 && skipped === undefined);
  const newest = (what, rows, more = () => true) =>
    lines.findLast((one) => one.what === what && one.rows === rows && (one.rowsPerBlock ?? 1) === 1 && more(one));
  const sizes = [10_000, 100_000, 1_000_000].filter((rows) => newest('accept', rows) && newest('search', rows));
  const figures = [
    ['taken in, blocks/s, each durable', 'accept', ({ blocksPerSecond }) => whole(blocksPerSecond)],
    [
      'in the graph, rows/s, from the first block on',
      'accept',
      ({ indexedRowsPerSecond }) => whole(indexedRowsPerSecond),
    ],
    [
      'searches/s, 20 clients; 99 % within',
      'search',
      ({ perSecond, p99Ms }) => `${whole(perSecond)}; ${whole(p99Ms)} ms`,
    ],
    ['searches/s, one client; half within', 'search one', ({ perSecond, p50Ms }) => `${whole(perSecond)}; ${p50Ms} ms`],
    ['with a filter that keeps 1 %: half within', 'search filtered', ({ p50Ms }) => `${p50Ms} ms`],
    [
      '20 clients while blocks arrive: searches/s; 99 % within',
      'search while blocks arrive',
      ({ perSecond, p99Ms }) => `${whole(perSecond)}; ${whole(p99Ms)} ms`,
    ],
    ['recall@10 against exact search', 'search', ({ recallAt10 }) => String(recallAt10)],
    ['start to the first complete search', 'restart', ({ completeMs }) => `${(completeMs / 1000).toFixed(1)} s`],
    ['on disk, bytes a block', 'disk', ({ bytesPerBlock }) => whole(bytesPerBlock)],
    ['memory after searches', 'memory after searches', ({ residentBytes }) => `${whole(residentBytes / 1e6)} MB`],
  ];
  const used = new Set();
  const cell = (what, rows, form) => {
    const line = newest(what, rows);
    if (line === undefined) return '–';
    used.add(`${line.commit} (${line.at.slice(0, 10)})`);
    return form(line);
  };
  const rows = figures.map(
    ([name, what, form]) => `| ${name} | ${sizes.map((size) => cell(what, size, form)).join(' | ')} |`,
  );
  const { machine } = lines.at(-1);
  const peers = [...new Map(lines.filter(({ what }) => what === 'peer').map((one) => [one.peer, one])).values()];
  const own = [
    newest('accept', 100_000),
    newest('search one', 100_000),
    newest('search', 100_000),
    newest('disk', 100_000),
  ];
  const or = (value, form = whole) => (value === undefined ? '–' : form(value));
  return [
    '## What it takes',
    `| rows of 384 numbers, one a block | ${sizes.map(whole).join(' | ')} |\n|---|${sizes.map(() => '---:|').join('')}\n${rows.join('\n')}`,
    `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}; one node over HTTP on loopback, the clients on the same cores; the newest line of each figure, of ${[...used].join(', ')}.`,
    '## Beside others',
    'The same 100,000 rows, questions and machine. The others run in the process that asks, check no signatures, and answer numbers of rows.',
    '| | durable | taken in/s | in the graph, rows/s | searches/s, one client | recall@10 | bytes a row |\n|---|---|---:|---:|---:|---:|---:|\n' +
      [
        `| **this node**, over HTTP | yes, every acknowledgement | ${whole(own[0].blocksPerSecond)} | ${whole(own[0].indexedRowsPerSecond)} | ${whole(own[1].perSecond)} | ${own[2].recallAt10} | ${whole(own[3].bytesPerBlock)} |`,
        ...peers.map(
          (one) =>
            `| ${one.versions?.join(', ') ?? one.peer}${one.settings ? ` (${one.settings})` : ''} | ${one.durable ?? '–'} | ${or(one.batchPerSecond ?? one.ingestPerSecond)} | ${or(one.indexPerSecond)} | ${or(one.search?.perSecond)} | ${or(one.search?.recallAt10, String)} | ${or(one.bytesPerVector ?? one.bytesPerBlock)} |`,
        ),
      ].join('\n'),
  ].join('\n\n');
}
