// Damages every file of a data folder in turn and starts the node on it:
//   node bench/worst-day/damage.mjs [sweep|short|few] [seed] [blocks] [only a file whose path contains …]
// sweep: every damage of every file; short: one of each file; few: one of one file of each kind, for CI.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { record } from '../record.mjs';
import { randomOf } from './blocks.mjs';
import { harm, harmsFor, sizeOf } from './damage/harm.mjs';
import { judgeFolder } from './damage/judge.mjs';
import { startNode } from './damage/node-process.mjs';
import { answersOf, makeSample, settled } from './damage/sample.mjs';

const [mode = 'sweep', seedText = String(Date.now() % 1_000_000), countText = '300', only = ''] = process.argv.slice(2);
const [seed, count] = [Number(seedText), Number(countText)];
const random = randomOf(seed);
const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cosmic-damage-'));
const started = Date.now();
const FEW = /^(stopped (store\.sqlite|text\.sqlite|node\.key|index\/\w+\/rows\.f32|views\/.*))$/;
const FOLLOWER = /^(text\.sqlite|index\/|views\/)/;
const cases = [];
const failures = [];

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();
}

/** Of a folder that was stopped every file, of one that was killed what only that one has. */
function planOf(stopped, killed) {
  const plan = [...filesOf(stopped).map((file) => ['stopped', file])];
  for (const file of filesOf(killed))
    if (!existsSync(join(stopped, file)) || file === 'store.sqlite' || file === 'text.sqlite')
      plan.push(['killed', file]);
  return plan
    .filter(([, file]) => file.includes(only))
    .filter(([from, file]) => mode !== 'few' || FEW.test(`${from} ${file}`))
    .flatMap(([from, file]) => {
      const harms = harmsFor(sizeOf(join(home, from, file)), random, mode === 'sweep' ? 6 : 1);
      const chosen = mode !== 'sweep' ? [harms[Math.floor(random() * harms.length)]] : harms;
      return chosen.map((what) => ({ from, file, what }));
    });
}

async function baselineOf(from, wires) {
  const data = join(home, `sound-${from}`);
  cpSync(join(home, from), data, { recursive: true });
  const node = await startNode(data);
  await settled(node);
  const answers = await answersOf(node, count);
  await node.stop();
  if (answers.some(({ code }) => code !== undefined))
    throw new Error(`the sound node answers ${JSON.stringify(answers)}`);
  rmSync(data, { recursive: true });
  return { wires: wires[from], baseline: answers, count };
}

try {
  const wires = await makeSample(home, count);
  const sound = { stopped: await baselineOf('stopped', wires), killed: await baselineOf('killed', wires) };
  const data = join(home, 'data');
  for (const { from, file, what } of planOf(join(home, 'stopped'), join(home, 'killed'))) {
    cpSync(join(home, from), data, { recursive: true });
    harm(join(data, file), what);
    const verdict = await judgeFolder(data, { ...sound[from], follower: FOLLOWER.test(file) });
    rmSync(data, { recursive: true });
    cases.push({ from, file: file.replace(/bafy\w{40,}/, 'SPACE'), what, ...verdict });
    if (verdict.wrong.length > 0) {
      failures.push(cases.at(-1));
      process.stderr.write(`${from}/${file}, ${what}: ${verdict.wrong.join('\n  ')}\n`);
    }
    if (process.env.DAMAGE_TELL === '1')
      process.stderr.write(`${JSON.stringify({ ...cases.at(-1), findings: verdict.findings.slice(0, 2) })}\n`);
  }
} catch (error) {
  failures.push({ what: String(error.stack ?? error) });
  process.stderr.write(`${error.stack ?? error}\n`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
const by = (what) => cases.filter(what).length;
const result = {
  mode,
  seed,
  blocks: count,
  files: new Set(cases.map(({ from, file }) => `${from}/${file}`)).size,
  cases: cases.length,
  served: by(({ start }) => start === 'served'),
  refused: by(({ start }) => start === 'refused'),
  codes: Object.fromEntries(
    [...new Set(cases.flatMap(({ code }) => code ?? []))].map((code) => [code, by((one) => one.code === code)]),
  ),
  foundByFsck: by(({ fsck }) => fsck === 1),
  harmless: by(
    ({ fsck, start, missing, differs }) => fsck === 0 && start === 'served' && missing === 0 && differs === 0,
  ),
  seconds: Math.round((Date.now() - started) / 1000),
  verdict:
    failures.length === 0
      ? 'every damage found, healed or named'
      : `FAILED in ${failures.length} of ${cases.length} cases`,
};
if (failures.length > 0) process.exitCode = 1;
if (process.env.DAMAGE_RECORD === '1') record(import.meta.url, `damage-${mode}`, result);
else console.log(JSON.stringify(result));
process.exit();
