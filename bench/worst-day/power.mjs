// Takes the power away at many places of a run, and opens what a disk may then hold:
//   node bench/worst-day/power.mjs [store|node] [points] [seed] [engine] [blocks]
// A shim (power/shim.c) logs every write, fsync, rename … of the run with its bytes; power/disk.mjs makes states of the log.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseSqlite } from '../../node/dist/store/sqlite/driver.js';
import { record } from '../record.mjs';
import { randomOf } from './blocks.mjs';
import { Disk, readLog } from './power/disk.mjs';

const [what = 'store', points = '500', seedText = String(Date.now() % 1_000_000), wanted = 'auto', more] =
  process.argv.slice(2);
const count = more ?? (what === 'store' ? '600' : '320');
const seed = Number(seedText);
const engine = chooseSqlite(wanted);
const random = randomOf(seed);
const here = (name) => fileURLToPath(new URL(`power/${name}`, import.meta.url));
// In memory where that is possible: what is tested is which bytes there are, not the disk below.
const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cosmic-power-'));
const started = Date.now();
let verdict = 'every state opened; nothing acknowledged was lost';
let done = 0;
let about = {};
let tally = {};
const failures = [];

/** One run under the shim: its log, and the folder that it left. */
function run() {
  const shim = join(home, 'shim.so');
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-o', shim, here('shim.c'), '-ldl']);
  const root = join(home, 'run');
  mkdirSync(root);
  const { status, stderr } = spawnSync(
    process.execPath,
    [here(`write-${what}.mjs`), root, count, String(seed), engine],
    {
      encoding: 'utf8',
      timeout: 300_000,
      env: {
        ...process.env,
        LD_PRELOAD: shim,
        POWER_ROOT: root,
        POWER_LOG: join(home, 'log'),
        POWER_MARKS: join(home, 'marks'),
      },
    },
  );
  if (status !== 0) throw new Error(`the run ended with ${status}: ${stderr}`);
  return { root, records: readLog(readFileSync(join(home, 'log'))) };
}

/** The log played to its end must be the folder as it is: else a write went past the shim. */
function compare(records, root) {
  const disk = new Disk();
  for (const one of records) disk.play(one);
  const files = new Map(disk.now());
  const there = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1));
  for (const path of new Set([...files.keys(), ...there])) {
    if (path.endsWith('-shm')) continue;
    const real = existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined;
    if (real === undefined || files.get(path)?.equals(real) !== true)
      throw new Error(`the log misses something: ${path} differs from what was recorded`);
  }
  const mapped = [...disk.mapped].filter((path) => !path.endsWith('-shm'));
  if (mapped.length > 0) throw new Error(`written through a mapping, unseen: ${mapped.join(', ')}`);
  return there.length;
}

/** Half anywhere, half right before or after something other than a write to a log. */
function cutsOf(records) {
  const special = records.flatMap(({ op }, i) => (op === 'write' ? [] : [i]));
  return Array.from({ length: Number(points) }, () =>
    random() < 0.5
      ? Math.floor(random() * (records.length + 1))
      : special[Math.floor(random() * special.length)] + (random() < 0.5 ? 0 : 1),
  ).sort((a, b) => a - b);
}

const marksOf = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));

try {
  const { records, root } = run();
  const files = compare(records, root);
  const ops = {};
  for (const { op } of records) ops[op] = (ops[op] ?? 0) + 1;
  about = { records: records.length, logBytes: statSync(join(home, 'log')).size, files, ops };
  rmSync(root, { recursive: true });
  const check = await import(here(`check-${what}.mjs`));
  tally = check.tally ?? {};
  const judge = await check.judge({ engine, count: Number(count), seed });
  const disk = new Disk();
  let told = '';
  let at = 0;
  for (const cut of cutsOf(records)) {
    for (; at < cut; at++) {
      if (records[at].op === 'mark') told += records[at].data.toString();
      disk.play(records[at]);
    }
    const state = join(home, `state-${done}`);
    const chosen = disk.write(state, random);
    try {
      await judge(state, marksOf(told));
    } catch (error) {
      failures.push({ point: done, cut, chosen, what: String(error.stack ?? error) });
      process.stderr.write(`point ${done}, before record ${cut}: ${error.stack ?? error}\n  ${chosen.join('\n  ')}\n`);
    }
    rmSync(state, { recursive: true, force: true });
    done += 1;
    if (failures.length >= 10) break;
  }
} catch (error) {
  failures.push({ what: String(error.stack ?? error) });
  process.stderr.write(`${error.stack ?? error}\n`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
if (failures.length > 0) {
  verdict = `FAILED at ${failures.length} of ${done} points: ${failures[0].what.split('\n')[0]}`;
  process.exitCode = 1;
}
const seconds = Math.round((Date.now() - started) / 1000);
const result = { what, points: done, seed, engine, blocks: Number(count), ...about, ...tally, seconds, verdict };
if (process.env.POWER_RECORD === '1') record(import.meta.url, `power-${what}-${engine.replace(':', '-')}`, result);
else console.log(JSON.stringify(result));
process.exit();
