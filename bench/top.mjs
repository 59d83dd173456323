/**
 * Where the time of CPU profiles went: by function, alone and with what it called, in percent of the time that was not idle.
 * Usage: node bench/top.mjs FILE.cpuprofile … [--lines 30] [--from 3]
 * `--from`: seconds that are left out at the beginning.   (profiles: BENCH_NODE_FLAGS="--cpu-prof --cpu-prof-dir=DIR")
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { lines: { type: 'string', default: '30' }, from: { type: 'string', default: '0' } },
});

for (const file of positionals) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const nameOf = ({ callFrame: { functionName, url, lineNumber } }) =>
    `${functionName || '(anonymous)'} ${url.replace(/^.*\/((?:node|sdk)\/dist\/|node_modules\/|node:)/, '$1')}:${lineNumber + 1}`;
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [self, whole] = [new Map(), new Map()];
  const add = (sums, name, us) => sums.set(name, (sums.get(name) ?? 0) + us);
  let busy = 0;
  let atUs = 0;
  samples.forEach((id, i) => {
    atUs += timeDeltas[i];
    if (atUs < Number(values.from) * 1e6) return;
    const node = byId.get(id);
    if (node.callFrame.functionName === '(idle)') return;
    busy += timeDeltas[i];
    add(self, nameOf(node), timeDeltas[i]);
    const seen = new Set();
    for (let at = id; at !== undefined; at = parents.get(at)) seen.add(nameOf(byId.get(at)));
    for (const name of seen) add(whole, name, timeDeltas[i]);
  });
  const percent = (us) => `${((100 * us) / busy).toFixed(1)}`.padStart(5);
  console.log(`\n${file}: busy ${(busy / 1e6).toFixed(2)} s\n self  whole`);
  const lines = (by, n) => [...by].sort(([, a], [, b]) => b - a).slice(0, n);
  for (const [name, us] of lines(self, Number(values.lines)))
    console.log(`${percent(us)}  ${percent(whole.get(name))}  ${name}`);
  console.log(' with what they called:');
  for (const [name, us] of lines(whole, Number(values.lines) * 2)) console.log(`       ${percent(us)}  ${name}`);
}
