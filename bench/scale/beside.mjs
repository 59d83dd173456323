/** Tables of the page that hold our node against servers of others, against its own parts, and against its own size. */
import { escape, short, table } from './chart.mjs';

const mb = (bytes) => bytes && Math.round(bytes / 1e6);
const number = (value) => value?.toLocaleString('en', { maximumFractionDigits: 3 });

/** `[name, ours, theirs(peer), better]`: which way is better; undefined where neither is. */
function figuresOf(of, rows) {
  const at = (what, more = () => true) => of(what, more).find((one) => one.rows === rows);
  const own = at('accept', (one) => one.rowsPerBlock === 1);
  const their = (what, peer, more = () => true) => at(what, (one) => one.peer === peer && more(one));
  const restart = (after) => at('restart', (one) => one.after === after)?.completeMs;
  const memory = at('memory after searches');
  const disk = at('disk', (one) => one.rowsPerBlock === undefined);
  const line = (name, better, ours, theirs) => ({ name, better, ours, theirs });
  const ours = (what, value) => value(at(what) ?? {});
  const both = (name, better, what, value, theirValue = value) =>
    line(name, better, ours(what, value), (peer) => theirValue(their(`wire ${what}`, peer) ?? {}));
  return [
    line(
      'added and durable /s, in bulk',
      'more',
      own?.rowsPerSecond,
      (peer) => their('wire load', peer)?.addedPerSecond,
    ),
    line(
      'seconds until all are found through the index',
      'less',
      own?.foundSeconds,
      (peer) => their('wire load', peer)?.foundSeconds,
    ),
    line(
      'added one by one into the index, 20 connections, /s',
      'more',
      undefined,
      (peer) => their('wire add', peer, (one) => one.batch === 1)?.addedPerSecond,
    ),
    line(
      '… by hundreds, 2 connections, /s',
      'more',
      undefined,
      (peer) => their('wire add', peer, (one) => one.batch === 100)?.addedPerSecond,
    ),
    both('searches /s, 20 clients', 'more', 'search', (one) => one.perSecond),
    both('recall@10 of them', 'more', 'search', (one) => one.recallAt10),
    both(
      'CPU of the server a search, ms',
      'less',
      'search',
      (one) => one.nodeCpuMsPerSearch,
      (one) => one.serverCpuMsPerSearch,
    ),
    both('CPU of the client a search, ms', undefined, 'search', (one) => one.clientCpuMsPerSearch),
    both('bytes of an answer', undefined, 'search', (one) => one.answerBytes),
    both('one client, p50 ms', 'less', 'search one', (one) => one.p50Ms),
    both('one client, p99 ms', 'less', 'search one', (one) => one.p99Ms),
    line(
      'searches /s, 20 clients, while rows arrive',
      'more',
      at('search while blocks arrive')?.perSecond,
      (peer) => their('wire search while rows arrive', peer)?.perSecond,
    ),
    line(
      '… their p99, ms',
      'less',
      at('search while blocks arrive')?.p99Ms,
      (peer) => their('wire search while rows arrive', peer)?.p99Ms,
    ),
    line(
      '… rows that arrived /s, of 1,000',
      'more',
      at('search while blocks arrive')?.arrivedPerSecond,
      (peer) => their('wire search while rows arrive', peer)?.arrivedPerSecond,
    ),
    both('filter that keeps 1 %: searches /s, one client', 'more', 'search filtered', (one) => one.perSecond),
    both('… recall@10', 'more', 'search filtered', (one) => one.recallAt10),
    both('words and vectors /s, 20 clients', 'more', 'hybrid', (one) => one.perSecond),
    both(
      '… CPU of the server, ms',
      'less',
      'hybrid',
      (one) => one.nodeCpuMsPerSearch,
      (one) => one.serverCpuMsPerSearch,
    ),
    line('memory after searches, MB: anonymous', 'less', mb(memory?.anonymousBytes), (peer) =>
      mb(their('wire memory', peer)?.anonymousBytes),
    ),
    line('… mapped files', undefined, mb(memory?.fileBytes), (peer) => mb(their('wire memory', peer)?.fileBytes)),
    line('… shared between processes', undefined, undefined, (peer) => mb(their('wire memory', peer)?.sharedBytes)),
    line(
      'bytes a row on disk, everything',
      'less',
      disk?.bytesPerBlock,
      (peer) => their('wire disk', peer)?.bytesPerRow,
    ),
    line('… without the log of the server', undefined, undefined, (peer) => their('wire disk', peer)?.tableBytesPerRow),
    line(
      'start to the first complete search, ms',
      'less',
      restart('SIGTERM'),
      (peer) => their('wire restart', peer, (one) => one.after === 'SIGTERM')?.completeMs,
    ),
    line(
      '… after kill -9',
      'less',
      restart('SIGKILL'),
      (peer) => their('wire restart', peer, (one) => one.after === 'SIGKILL')?.completeMs,
    ),
  ];
}

/**
 * Our node and servers of others over their wires: a table, and a list of what we lose at. `ofRun` are the lines of the servers’
 * run; where our node was not in it, its newest stand there.
 */
export function serverTable(ofNewest, ofRun) {
  const isOneRun = ofRun('accept').length > 0;
  const of = (what, more) => (isOneRun || what.startsWith('wire') ? ofRun(what, more) : ofNewest(what, more));
  const loads = of('wire load');
  if (loads.length === 0) return '';
  const { rows } = loads[loads.length - 1];
  const peers = loads.filter((one) => one.rows === rows);
  const skipped = of('wire').filter(
    (one) =>
      one.rows === rows && one.skipped !== undefined && !peers.some(({ peer, at }) => peer === one.peer && at > one.at),
  );
  const figures = figuresOf(of, rows);
  // Where a name goes on from the one above it.
  const whole = (i) => {
    let above = i;
    while (figures[above].name.startsWith('…')) above--;
    return above === i ? figures[i].name : `${figures[above].name} ${figures[i].name}`;
  };
  const cells = figures.map(({ name, ours, theirs }) => [
    name,
    number(ours),
    ...peers.map(({ peer }) => number(theirs(peer))),
  ]);
  const lost = figures.flatMap(({ better, ours, theirs }, i) =>
    better === undefined || ours === undefined
      ? []
      : peers
          .map(({ peer }) => ({ peer, value: theirs(peer) }))
          .filter(({ value }) => value !== undefined && (better === 'more' ? value > ours : value < ours))
          .map(({ peer, value }) => `${whole(i)}: ${number(ours)}, ${peer} ${number(value)}`),
  );
  const method = peers.map(({ peer, versions, settings, durable, batch, connections }) => {
    const { ef } = of('wire search', (one) => one.peer === peer).find((one) => one.rows === rows) ?? {};
    return `<b>${escape(peer)}</b>: ${escape(versions.join(', '))}; ${escape(settings)}; ef ${ef}, the least tried with recall ≥ .98; loaded by ${number(batch)} rows a request over ${connections} connection${connections === 1 ? '' : 's'}; durable: ${escape(durable)}.`;
  });
  return `<h2>Servers of others over their wires, ${short(rows)} rows${isOneRun ? ', one run' : ' (our figures are of another run)'}</h2>
${table(['figure', 'this node, HTTP', ...peers.map(({ peer }) => peer)], cells)}
<p class="note">${method.join('<br>')}${skipped.map((one) => `<br><b>${escape(one.peer)}</b> skipped: ${escape(one.skipped)}`).join('')}
<br>All clients hold raw connections with requests made before the clock runs, and parse answers after it; an answer is ten rows with id, author, time, tag, the text of 200 bytes and the distance. Ours also checks a signature of every row before it keeps it, and names what the answer reaches. Chroma is asked and answers in JSON, PostgreSQL in binary. The CPU of server and client share the machine’s cores.</p>
<h2>What we lose at</h2>${lost.length === 0 ? '<p>Nothing that was measured here.</p>' : `<ul>${lost.map((one) => `<li>${escape(one)}</li>`).join('')}</ul>`}`;
}

/** What the parts reach alone, and how near the node comes; strfry, which also checks and keeps what is signed. */
export function partsTable(of) {
  const [parts] = of('parts').slice(-1);
  const [strfry] = of('strfry').slice(-1);
  const rows = parts?.rows ?? strfry?.rows;
  const own = of('accept', (one) => one.rowsPerBlock === 1).find((one) => one.rows === rows);
  const share = (value, whole) =>
    value === undefined || whole === undefined ? undefined : `${Math.round((100 * value) / whole)} %`;
  const lines = [];
  if (parts !== undefined) {
    for (const [name, one] of Object.entries({
      decode: parts.decode,
      'verify the signature': parts.verify,
      'store, durable, by 512': parts.store,
      'not in the ceiling: the whole check without the signature (decoding, hashes, sky, schemas)': parts.check,
    }))
      lines.push([name, one.cpuUs, number(one.perSecond), '']);
    lines.push([
      'ceiling: decode, verify and store perfectly split over the cores',
      '',
      number(parts.ceilingPerSecond),
      `this node accepts ${share(own?.blocksPerSecond, parts.ceilingPerSecond) ?? '–'} of it (goal ≥ 60 %)`,
    ]);
    if (parts.barePerSecond !== undefined)
      lines.push([
        `bare graph (through after ${parts.bareGraphSeconds} s) and text index side by side, ${parts.bareSeconds} s`,
        '',
        number(parts.barePerSecond),
        `this node, verification included, until found: ${share(own && rows / own.foundSeconds, parts.barePerSecond) ?? '–'} of it (goal ≥ 70 %)`,
      ]);
  }
  if (strfry?.skipped !== undefined) lines.push(['strfry', '', '', `skipped: ${strfry.skipped}`]);
  else if (strfry !== undefined) {
    lines.push([
      `strfry import, events of ${number(strfry.eventBytes)} B`,
      '',
      number(strfry.importPerSecond),
      `this node accepts ${share(own?.blocksPerSecond, strfry.importPerSecond) ?? '–'} of it (goal ≥ 130 %)`,
    ]);
    lines.push([
      'strfry, EVENT until OK, one connection',
      strfry.serverCpuUsPerEvent,
      number(strfry.relayPerSecond),
      `this node accepts ${share(own?.blocksPerSecond, strfry.relayPerSecond) ?? '–'} of it (goal ≥ 130 %)`,
    ]);
  }
  return lines.length === 0
    ? ''
    : `<h2>The parts alone, and a relay of signed events</h2>${table(['what', 'CPU µs each', '/s', ''], lines)}`;
}

/** How costs grow with rows: the exponent of the best power of the measured sizes, and why it is so. */
export function slopes(of) {
  const kinds = [
    [
      'CPU of a search',
      'search',
      (one) => one.nodeCpuMsPerSearch,
      'ms',
      'A graph is walked: its steps grow with the logarithm of the rows, and more of its nodes miss the caches; hits cost the same.',
    ],
    [
      'CPU of a filtered search',
      'search filtered',
      (one) => one.nodeCpuMsPerSearch,
      'ms',
      'Candidates that pass grow with the rows (1 % of them): below a bound they are compared one by one, which is linear.',
    ],
    [
      'CPU of a block until indexed',
      'accept',
      (one) => one.rowsPerBlock === 1 && one.nodeCpuSecondsToIndexed && (one.nodeCpuSecondsToIndexed * 1e6) / one.rows,
      'µs',
      'Checking and storing cost the same for each; insertion into the graph is a search, and grows like one.',
    ],
    [
      'start to the first complete search',
      'restart',
      (one) => one.after === 'SIGTERM' && one.completeMs,
      'ms',
      'The process costs the same; manifests and what the index keeps beside mapped files are read, which is linear with a small factor.',
    ],
    [
      'anonymous memory, at rest',
      'accept',
      (one) => one.rowsPerBlock === 1 && one.anonymousBytes / 1e6,
      'MB',
      'Labels, catalogue pages and the tail of the graph grow with rows; the process itself does not.',
    ],
    [
      'bytes on disk a block',
      'disk',
      (one) => one.rowsPerBlock === undefined && one.bytesPerBlock,
      'B',
      'Each block brings its own bytes and its share of indexes; B-trees fill alike at every size.',
    ],
  ];
  const lines = kinds.flatMap(([name, what, value, unit, why]) => {
    const points = of(what)
      .map((one) => [one.rows, value(one)])
      .filter(([, y]) => typeof y === 'number' && y > 0);
    const sizes = new Set(points.map(([x]) => x));
    if (sizes.size < 2) return [];
    const logs = points.map((point) => point.map(Math.log));
    const mean = (i) => logs.reduce((sum, one) => sum + one[i], 0) / logs.length;
    const [mx, my] = [mean(0), mean(1)];
    const slope =
      logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
    return [
      [name, points.map(([x, y]) => `${short(x)}: ${short(y)} ${unit}`).join(', '), `rows^${slope.toFixed(2)}`, why],
    ];
  });
  return lines.length === 0
    ? ''
    : `<h2>Slopes</h2>${table(['cost', 'measured', 'grows like', 'why'], lines)}<p class="note">0 is a cost that does not grow, 1 one that grows as the rows do. Lines of several runs stand beside each other: see the commits above.</p>`;
}
