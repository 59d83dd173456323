/**
 * Draws `results/scale.jsonl` as one self-contained page, `results/page.html`: the newest line of each figure, for clustered data
 * and their newest seed (or, without any, for what there is); other data stand in a table. Usage: node bench/scale/plot.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { partsTable, serverTable, slopes } from './beside.mjs';
import { escape, lineChart, short, stackedChart, table } from './chart.mjs';

const file = (name) => new URL(`results/${name}`, import.meta.url);

/** What the figures are held against. */
const GOALS = {
  acceptPerSecond: 7000,
  wideRowsPerSecond: 60_000,
  indexedPerSecond: 5000,
  manyPerSecond: 3000,
  oneP50Ms: 1.5,
  oneP99Ms: 6,
  busyP99Ms: 15,
  filteredMs: 8,
  recall: 0.98,
  bytesPerBlock: 4200,
  restartMs: { 100_000: 600, 1_000_000: 3000 },
  anonymousMb: { 100_000: 400, 1_000_000: 1200 },
};

const mb = (bytes) => Math.round(bytes / 1e6);

export function plot() {
  const all = readFileSync(file('scale.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const { data, seed } = all.findLast((one) => one.data === 'clustered') ?? all[all.length - 1];
  const page = file('page.html');
  const isMain = (one) => one.data === data && one.seed === seed && one.dims === 384 && one.spaces === undefined;
  const main = all.filter(isMain);
  const servers = main.findLast((one) => one.what === 'wire load');
  const beside = newest(main.filter((one) => one.run === servers?.run));
  writeFileSync(page, pageOf(newest(main), beside, newest(all)));
  return fileURLToPath(page);
}

/** The last line of each figure. */
function newest(lines) {
  const last = new Map();
  for (const line of lines) {
    const { what, data, seed, rows, rowsPerBlock = 1, after = '', peer = '', batch = '', dims, spaces = 1 } = line;
    last.set(
      [what, data, seed, rows, rowsPerBlock, after, peer, what === 'wire add' ? batch : '', dims, spaces].join('|'),
      line,
    );
  }
  return [...last.values()];
}

function pageOf(lines, beside, everything) {
  const { machine, data, seed } = lines[lines.length - 1];
  const among =
    (some) =>
    (what, more = () => true) =>
      some.filter((one) => one.what === what && more(one)).sort((a, b) => a.rows - b.rows);
  const of = among(lines);
  const narrow = of('accept', (one) => one.rowsPerBlock === 1);
  const peers = of('peer', (one) => one.skipped === undefined);
  const commits = [...new Set(lines.map((one) => one.commit))].join(', ');
  const days = [...new Set(lines.map((one) => one.at.slice(0, 16).replace('T', ' ')))];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>CosmicEmbeddings: figures at scale</title><style>${STYLE}</style>
<h1>Figures at scale</h1>
<p>${machine.cores} cores of ${escape(machine.cpu)}, ${machine.memoryGb} GB, Node ${escape(machine.node)} · commit ${escape(commits)} · ${escape(days[0])} to ${escape(days[days.length - 1])} UTC ·
data <b>${escape(data)}</b>, seed ${seed}, 384 dimensions, one row a block unless said otherwise. This node in one process, over HTTP on loopback; the clients run on the same cores.
Recall is against exact double precision that the bench computes itself. The dashed levels are goals.</p>
<h2>Goals and measurements</h2>${goals(of, narrow)}
${serverTable(of, among(beside))}
${partsTable(beside.some((one) => one.what === 'parts') ? among(beside) : of)}
<h2>Growth</h2><div class="charts">${charts(of, narrow, peers).join('')}</div>
${slopes(of)}
${peers.length > 0 ? `<h2>Peers, same rows, questions and machine</h2>${peerTable(of, narrow, peers)}` : ''}
<h2>Kinds of data</h2>${kinds(everything)}
<p class="note"><b>clustered</b>: 200 centres in 32 dimensions, projected, with noise. <b>heavy</b>: 2,000 clusters with sizes after Zipf, every fourth row a near-duplicate. <b>uniform</b>: evenly on the sphere; nothing is near anything, so the tenth best row is hardly better than the hundredth: it shows the worst case of every graph, not a use. <b>npl</b>: MiniLM’s vectors of the NPL collection. <b>glove</b>: GloVe’s of words of tweets. Rows past the first 10,000 of these two are noisy copies.</p></html>`;
}

function goals(of, narrow) {
  const sizes = narrow.map((one) => one.rows);
  const at = (what, rows, more) => of(what, more).find((one) => one.rows === rows);
  const line = (name, goal, value) => [name, goal, ...sizes.map((rows) => value(rows))];
  const restart = (rows, after) => at('restart', rows, (one) => one.after === after)?.completeMs;
  return table(
    ['figure', 'goal', ...sizes.map((rows) => `${short(rows)} rows`)],
    [
      line(
        'durable accept over one connection, blocks/s, followers running',
        '≥ 7,000, flat',
        (rows) => at('accept', rows, (one) => one.rowsPerBlock === 1)?.blocksPerSecond,
      ),
      line(
        'until every row is in the graph, rows/s, verification included',
        '≥ 5,000',
        (rows) => at('accept', rows, (one) => one.rowsPerBlock === 1)?.indexedRowsPerSecond,
      ),
      line('recall@10', '≥ 0.98', (rows) => at('search', rows)?.recallAt10),
      line('searches/s, 20 clients', 'ahead of pgvector, ≥ 8 × Chroma', (rows) => at('search', rows)?.perSecond),
      line('CPU of the node a search, ms', '≤ 0.4', (rows) => at('search', rows)?.nodeCpuMsPerSearch),
      line('one client, p50 / p99 ms', 'p50 ≤ pgvector’s', (rows) => pair(at('search one', rows))),
      line('20 clients while blocks arrive: searches/s (of rest), p99 ms', '≥ 70 %, ≤ 15', (rows) => {
        const busy = at('search while blocks arrive', rows);
        const rest = at('search', rows);
        return (
          busy &&
          `${busy.perSecond.toLocaleString('en')} (${Math.round((100 * busy.perSecond) / rest.perSecond)} %), ${busy.p99Ms}; ${busy.arrivedPerSecond} blocks/s`
        );
      }),
      line('filter that keeps 1 %: recall, p50 / p99 ms, CPU of an unfiltered one', '≥ 0.98, ≤ 1.5 ×', (rows) => {
        const one = at('search filtered', rows);
        return one && `${one.recallAt10}, ${pair(one)}, ${times(one, at('search one', rows))}`;
      }),
      line('words and vectors: CPU of vectors alone', '≤ 2 ×', (rows) => times(at('hybrid', rows), at('search', rows))),
      line(
        'restart to the first complete search, ms: after stop / kill -9',
        '100k ≤ 600; 1M ≤ 3,000',
        (rows) => restart(rows, 'SIGTERM') && `${restart(rows, 'SIGTERM')} / ${restart(rows, 'SIGKILL') ?? '–'}`,
      ),
      line(
        'on disk, bytes a block, everything counted',
        '≤ 4,200',
        (rows) => at('disk', rows, (one) => one.rowsPerBlock === undefined)?.bytesPerBlock,
      ),
      line('memory, MB: anonymous after indexing / after searches; mapped', '100k ≤ 400; 1M ≤ 1,200', (rows) => {
        const before = at('accept', rows, (one) => one.rowsPerBlock === 1);
        const after = at('memory after searches', rows);
        return `${mb(before.anonymousBytes)} / ${after ? mb(after.anonymousBytes) : '–'}; ${mb((after ?? before).fileBytes)}`;
      }),
      ...of('accept', (one) => one.rowsPerBlock > 1).map((one) => [
        `durable accept, ${one.rowsPerBlock} rows a block, ${short(one.rows)} rows: rows/s (until in the graph)`,
        '≥ 60,000',
        ...sizes.map((_, i) =>
          i === sizes.length - 1
            ? `${one.rowsPerSecond.toLocaleString('en')} (${one.indexedRowsPerSecond.toLocaleString('en')})`
            : '',
        ),
      ]),
    ],
  );
}

/** CPU of one kind of search in that of another. */
const times = (one, other) => one && other && `${(one.nodeCpuMsPerSearch / other.nodeCpuMsPerSearch).toFixed(2)} ×`;
const pair = (one) => one && `${one.p50Ms} / ${one.p99Ms}`;

function charts(of, narrow, peers) {
  const long = narrow[narrow.length - 1];
  const windows = (value) => (long?.windows ?? []).map((one, i) => [(i + 1) * 10_000, value(one)]);
  const points = (lines, value) => lines.filter((one) => value(one) !== undefined).map((one) => [one.rows, value(one)]);
  const peerSeries = (value) =>
    peers.flatMap((one, i) =>
      value(one) === undefined ? [] : [{ name: one.peer, colour: 3 + (i % 5), points: [[one.rows, value(one)]] }],
    );
  const rows = { xTitle: 'rows', logX: true };
  const files = ['store.sqlite', 'index', 'text.sqlite', 'views'];
  const kept = (one) => files.map((name) => one.files?.[name] ?? 0);
  return [
    lineChart({
      title: 'Accept along the way: blocks/s in windows of 10,000',
      xTitle: 'blocks kept',
      yTitle: 'blocks/s',
      fromY: 0,
      series: [
        {
          name: '1 row a block, durable, one connection',
          colour: 1,
          dots: false,
          points: windows((one) => one.blocksPerSecond),
        },
      ],
      goals: [{ y: GOALS.acceptPerSecond, name: 'goal 7,000' }],
    }),
    lineChart({
      title: 'CPU of the node a block, while they stream in',
      xTitle: 'blocks kept',
      yTitle: 'µs',
      fromY: 0,
      series: [
        {
          name: 'all threads, followers included',
          colour: 2,
          dots: false,
          points: windows((one) => one.nodeCpuUsPerBlock),
        },
      ],
    }),
    lineChart({
      title: 'Rows/s: accepted, and until in the graph',
      ...rows,
      yTitle: 'rows/s',
      logY: true,
      series: [
        { name: 'accepted', colour: 1, points: points(narrow, (one) => one.rowsPerSecond) },
        { name: 'in the graph', colour: 2, points: points(narrow, (one) => one.indexedRowsPerSecond) },
        ...peerSeries((one) => one.indexPerSecond).map((one) => ({ ...one, name: `${one.name}: index alone` })),
      ],
      goals: [{ y: GOALS.indexedPerSecond, name: 'goal: 5,000 in the graph' }],
      note: 'Peers check no signatures; theirs is the time of the graph alone.',
    }),
    lineChart({
      title: 'Searches a second',
      ...rows,
      yTitle: 'searches/s',
      logY: true,
      series: [
        { name: '20 clients', colour: 1, points: points(of('search'), (one) => one.perSecond) },
        {
          name: '20 clients, blocks arriving',
          colour: 1,
          dashed: true,
          points: points(of('search while blocks arrive'), (one) => one.perSecond),
        },
        { name: '1 client', colour: 2, points: points(of('search one'), (one) => one.perSecond) },
        ...peerSeries((one) => one.search?.perSecond).map((one) => ({ ...one, name: `${one.name}, in process` })),
      ],
      goals: [{ y: GOALS.manyPerSecond, name: 'goal 3,000 (20 clients)' }],
      note: 'Ours go through HTTP and come back with author, time, tags and passage; peers are called in their own process and answer row numbers (LanceDB: its columns).',
    }),
    lineChart({
      title: 'Time of a search',
      ...rows,
      yTitle: 'ms',
      logY: true,
      series: [
        { name: '1 client p50', colour: 1, points: points(of('search one'), (one) => one.p50Ms) },
        { name: '1 client p99', colour: 1, dashed: true, points: points(of('search one'), (one) => one.p99Ms) },
        { name: 'filter 1 % p50', colour: 2, points: points(of('search filtered'), (one) => one.p50Ms) },
        { name: 'filter 1 % p99', colour: 2, dashed: true, points: points(of('search filtered'), (one) => one.p99Ms) },
        {
          name: '20 clients, blocks arriving p99',
          colour: 4,
          dashed: true,
          points: points(of('search while blocks arrive'), (one) => one.p99Ms),
        },
      ],
    }),
    lineChart({
      title: 'Recall@10 against exact double precision',
      ...rows,
      yTitle: 'recall@10',
      fromY: Math.min(0.9, ...of('search').map((one) => Math.floor(one.recallAt10 * 10) / 10)),
      toY: 1,
      series: [
        { name: 'all rows', colour: 1, points: points(of('search'), (one) => one.recallAt10) },
        { name: 'filter 1 %', colour: 2, points: points(of('search filtered'), (one) => one.recallAt10) },
        ...peerSeries((one) => (one.search?.recallAt10 >= 0.9 ? one.search.recallAt10 : undefined)),
      ],
      goals: [{ y: GOALS.recall, name: 'goal .98' }],
    }),
    lineChart({
      title: 'Anonymous memory of the node',
      ...rows,
      yTitle: 'MB',
      logY: true,
      series: [
        { name: 'indexed, at rest', colour: 1, points: points(narrow, (one) => mb(one.anonymousBytes)) },
        {
          name: 'after searches',
          colour: 2,
          points: points(of('memory after searches'), (one) => mb(one.anonymousBytes)),
        },
        {
          name: 'restarted and searched',
          colour: 3,
          points: points(of('search after restart'), (one) => mb(one.anonymousBytes)),
        },
        {
          name: 'goal',
          colour: 6,
          dashed: true,
          points: Object.entries(GOALS.anonymousMb).map(([at, value]) => [Number(at), value]),
        },
      ],
    }),
    stackedChart({
      title: 'On disk a block, after a clean stop',
      xTitle: 'rows',
      yTitle: 'bytes',
      parts: files,
      columns: of('disk', (one) => one.rowsPerBlock === undefined).map((one) => ({
        name: short(one.rows),
        parts: kept(one),
      })),
      goals: [{ y: GOALS.bytesPerBlock, name: 'goal 4,200' }],
    }),
    lineChart({
      title: 'Start to the first complete search',
      ...rows,
      yTitle: 'ms',
      logY: true,
      series: [
        {
          name: 'after a clean stop',
          colour: 1,
          points: points(
            of('restart', (one) => one.after === 'SIGTERM'),
            (one) => one.completeMs,
          ),
        },
        {
          name: 'after kill -9 under load',
          colour: 2,
          points: points(
            of('restart', (one) => one.after === 'SIGKILL'),
            (one) => one.completeMs,
          ),
        },
        {
          name: 'goal',
          colour: 6,
          dashed: true,
          points: Object.entries(GOALS.restartMs).map(([at, value]) => [Number(at), value]),
        },
      ],
      note: 'From the spawn of the process: until an answer holds ten hits and reaches the head of the store.',
    }),
  ];
}

function peerTable(of, narrow, peers) {
  const { rows } = peers[0];
  const own = narrow.find((one) => one.rows === rows);
  const one = of('search one').find((line) => line.rows === rows);
  const ours = own && [
    'this node, over HTTP',
    `signed and verified; ${Object.values(own.engines).join(', ')}`,
    'yes, every acknowledgement',
    own.blocksPerSecond,
    own.indexedRowsPerSecond,
    one?.perSecond,
    pair(one),
    of('search').find((line) => line.rows === rows)?.recallAt10,
    of('disk', (line) => line.rowsPerBlock === undefined).find((line) => line.rows === rows)?.bytesPerBlock,
  ];
  return table(
    [
      '',
      'settings',
      'durable',
      `ingest/s at ${short(rows)}`,
      'index rows/s',
      'searches/s, 1 client',
      'p50 / p99 ms',
      'recall@10',
      'bytes a row',
    ],
    [
      ...(ours ? [ours] : []),
      ...peers.map((peer) => [
        (peer.versions ?? [peer.peer]).join(', '),
        peer.settings,
        peer.durable,
        peer.ingestPerSecond ??
          (peer.batchPerSecond &&
            `${peer.batchPerSecond.toLocaleString('en')} (one by one ${peer.singlePerSecond.toLocaleString('en')})`),
        peer.indexPerSecond,
        peer.search?.perSecond,
        peer.search && pair(peer.search),
        peer.search?.recallAt10,
        peer.bytesPerVector ?? peer.bytesPerBlock,
      ]),
    ],
  );
}

/** All data and seeds that were ever measured, newest of each. */
function kinds(lines) {
  const searches = lines
    .filter((one) => one.what === 'search')
    .sort((a, b) => a.data.localeCompare(b.data) || a.rows - b.rows);
  const beside = (what, one) =>
    lines.find(
      (other) =>
        other.what === what &&
        other.data === one.data &&
        other.seed === one.seed &&
        other.rows === one.rows &&
        other.dims === one.dims &&
        other.spaces === one.spaces &&
        other.rowsPerBlock !== 64,
    );
  return table(
    [
      'data',
      'dims',
      'spaces',
      'seed',
      'rows',
      'accept/s',
      'in the graph rows/s',
      'recall@10',
      'searches/s, 20 clients',
      'CPU ms a search',
      'p99 ms',
      '1 % filter recall',
      'commit',
    ],
    searches.map((one) => [
      one.data,
      one.dims,
      one.spaces ?? 1,
      one.seed,
      one.rows,
      beside('accept', one)?.blocksPerSecond,
      beside('accept', one)?.indexedRowsPerSecond,
      one.recallAt10,
      one.perSecond,
      one.nodeCpuMsPerSearch,
      one.p99Ms,
      beside('search filtered', one)?.recallAt10,
      one.commit,
    ]),
  );
}

const STYLE = `
:root{color-scheme:light dark;--back:#fff;--text:#1c2128;--soft:#5b6470;--grid:#dfe3e8;--goal:#a04010;--s1:#1f6fd0;--s2:#c2501a;--s3:#2c8a4b;--s4:#8a4fc4;--s5:#a37a00;--s6:#7a828c;--s7:#c43d7a}
@media(prefers-color-scheme:dark){:root{--back:#14171b;--text:#e4e8ee;--soft:#98a2ae;--grid:#2c323a;--goal:#ef9a63;--s1:#6cb0ff;--s2:#ff9a5c;--s3:#5fd08a;--s4:#c79bff;--s5:#e6c14d;--s6:#8d96a1;--s7:#ff86b5}}
body{font:15px/1.5 system-ui,sans-serif;background:var(--back);color:var(--text);margin:2rem auto;max-width:1480px;padding:0 1.2rem}
h1{font-size:1.6rem;margin:0 0 .4rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:1.2rem 1.6rem}
figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto;display:block}
.grid{stroke:var(--grid)}.tick,.axis,.goalname{font-size:11px;fill:var(--soft)}.goal{stroke:var(--goal);stroke-dasharray:3 4}.goalname{fill:var(--goal)}
.line{fill:none;stroke:var(--c);stroke-width:2}.line.dashed{stroke-dasharray:5 4}.dot,.bar{fill:var(--c)}
.legend{margin:.1rem 0;font-size:.82rem;color:var(--soft);display:flex;flex-wrap:wrap;gap:.15rem .9rem}
.legend i{display:inline-block;width:18px;border-top:3px solid var(--c);vertical-align:middle;margin-right:.35rem}.legend i.dashed{border-top-style:dashed}
.note{font-size:.82rem;color:var(--soft);margin:.2rem 0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.88rem}th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--grid);vertical-align:top}th{color:var(--soft);font-weight:600}td.number{text-align:right;font-variant-numeric:tabular-nums}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(plot());
