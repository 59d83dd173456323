import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CosmicError, type EraseReason } from '@cosmicembeddings/sdk';
import { openNodeKeys } from './keys.js';
import { openSqlite, StoreReader, type SqliteOptions } from '../store/sqlite/index.js';
import { openUpkeep } from '../store/sqlite/upkeep.js';
import { loadConfig, type NodeConfig } from './config.js';
import { candidateOf } from '../door/accept.js';
import { createAdmission, parsePolicy } from '../door/admission.js';
import { readSettings } from '../json-schema.js';
import { addApiKey, isScope, readApiKeys, removeApiKey } from './api-keys.js';
import { backupCommand, checksOf, restoreCommand, type BackupArgs, type Told } from './backup-commands.js';
import { erasuresOf, eraseAndProve, resumeErasure, type EraseReport } from './erasure/index.js';
import { existingStore } from './folder.js';
import { lineOf } from './fsck-followers.js';
import { fsck } from './fsck.js';
import { noteCheck } from './noted-check.js';
import { rehearseMigration } from './migrate.js';
import { parseRespond, replay } from './respond/index.js';
import { parseWithheld } from './withhold.js';
import { parseRetention, planRetention, planUnsubscribed } from './retention.js';
import { tellProgress } from './told-progress.js';

const options = {
  data: { type: 'string' },
  network: { type: 'string' },
  plugin: { type: 'string', multiple: true },
  store: { type: 'string' },
  reason: { type: 'string' },
  withhold: { type: 'string', multiple: true },
  'per-minute': { type: 'string' },
  'blocks-per-day': { type: 'string' },
  'bytes-per-day': { type: 'string' },
  resume: { type: 'boolean' },
  erasures: { type: 'string' },
  recipient: { type: 'string', multiple: true },
  keep: { type: 'string' },
  identity: { type: 'string' },
  'identity-too': { type: 'boolean' },
  at: { type: 'string' },
  'dry-run': { type: 'boolean' },
  prove: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** The names of all flags that these commands take. */
export const maintenanceFlags: readonly string[] = Object.keys(options);

const count = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;
/** Flags that are numbers: what `access add` gives a key, and how many backups stay. */
const numbers = {
  'per-minute': count,
  'blocks-per-day': count,
  'bytes-per-day': { ...count, unit: 'bytes' },
  keep: { ...count, maximum: 10_000 },
} as const;

type Args = BackupArgs & {
  readonly dryRun: boolean;
  readonly reason: string | undefined;
  readonly withhold: readonly string[] | undefined;
  readonly resume: boolean;
  readonly json: boolean;
  readonly perMinute: number | undefined;
  readonly perDay: { readonly blocks?: number; readonly bytes?: number };
};
type Task = (args: Args) => Promise<void>;

const tasks: Readonly<Record<string, Task>> = {
  fsck: check,
  backup: save,
  restore: load,
  vacuum,
  erase,
  retention,
  policy,
  access,
  migrate,
};

/** Commands over a data folder, mostly of a node that is stopped. Answers false for a name that is none of them. */
export async function maintenance(command: string, args: readonly string[]): Promise<boolean> {
  const task = Object.hasOwn(tasks, command) ? tasks[command] : undefined;
  if (task === undefined) return false;
  const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  if (values.data === undefined)
    throw new CosmicError('config.malformed', 'data: give the data folder with --data DIR');
  const config = await loadConfig({
    data: values.data,
    network: values.network,
    plugins: values.plugin,
    store: values.store,
  });
  const limits = readSettings<Partial<Record<keyof typeof numbers, number>>>(
    { type: 'object', properties: numbers },
    values,
    '',
    'texts',
  );
  await task({
    words: positionals,
    config,
    reason: values.reason,
    withhold: values.withhold,
    resume: values.resume === true,
    erasures: values.erasures,
    recipients: values.recipient ?? [],
    keep: limits.keep,
    identityFile: values.identity,
    identityToo: values['identity-too'] === true,
    at: values.at,
    dryRun: values['dry-run'] === true,
    json: values.json === true,
    perMinute: limits['per-minute'],
    perDay: {
      ...(limits['blocks-per-day'] === undefined ? {} : { blocks: limits['blocks-per-day'] }),
      ...(limits['bytes-per-day'] === undefined ? {} : { bytes: limits['bytes-per-day'] }),
    },
  });
  return true;
}

async function check({ config, json }: Args): Promise<void> {
  const report = await fsck({
    folder: config.data,
    engine: config.store,
    checks: await checksOf(config),
    onProgress: tellProgress('checking'),
  });
  try {
    noteCheck(config.data, { atMs: Date.now(), blocks: report.blocks, findings: report.findings.length });
  } catch (error) {
    process.stderr.write(`the outcome is not noted for the node: ${(error as Error).message}\n`);
  }
  const lines = report.findings.map(
    ({ part, what, id, seq, remedy }) =>
      `${part}${seq === undefined ? '' : ` ${seq}`}${id === undefined ? '' : ` ${id}`}: ${what} (${remedy})`,
  );
  const summary = `${report.blocks} blocks, ${report.checked} checked, ${report.headerOnly} header-only, ${report.erased} erased: ${report.ok ? 'all well' : `${lines.length}${report.more ? ' and more' : ''} findings`}`;
  const due = report.due.map(({ what, remedy }) => `due: ${what} (${remedy})`);
  print(json, report, [...lines, ...due, ...report.followers.map(lineOf), summary]);
  if (!report.ok) process.exitCode = 1;
}

function save(args: Args): Promise<void> {
  return told(args, backupCommand(args));
}

function load(args: Args): Promise<void> {
  return told(args, restoreCommand(args));
}

async function told({ json }: Args, telling: Promise<Told> | Told): Promise<void> {
  const { value, lines, failed } = await telling;
  print(json, value, lines);
  if (failed === true) process.exitCode = 1;
}

/** What the next start would do to an older store; with `--dry-run` on a copy, else for good. */
async function migrate({ config, dryRun, json }: Args): Promise<void> {
  const report = await rehearseMigration(
    { folder: config.data, engine: config.store },
    await checksOf(config),
    tellProgress,
  );
  const { from, to, steps, bytes, bytesAfter, durationMs, findings } = report;
  if (findings > 0) process.exitCode = 1;
  const lines = [
    ...steps,
    from === to
      ? `the store is of version ${to} already: nothing to do`
      : `on a copy: version ${from} → ${to} in ${durationMs} ms, ${bytes} → ${bytesAfter} bytes, ${findings === 0 ? 'all well' : `${findings} findings`}`,
  ];
  if (dryRun || findings > 0 || from === to)
    return print(json, { ...report, done: false }, [...lines, ...(from === to ? [] : ['nothing was changed'])]);
  const parts = await openSqlite(await sqliteOf(config));
  await parts.close();
  print(json, { ...report, done: true }, [...lines, 'done; older software refuses this store from now on']);
}

async function vacuum({ config, json }: Args): Promise<void> {
  const parts = await openSqlite(await sqliteOf(config));
  // SQLite does it in one statement and says nothing of how far it is: seconds are all that can be told.
  const told = tellProgress('giving back space, seconds');
  const started = performance.now();
  const telling = setInterval(() => told(Math.round((performance.now() - started) / 1000), 0), 500);
  try {
    await parts.vacuum();
  } finally {
    clearInterval(telling);
    await parts.close();
  }
  print(json, { ok: true }, ['done']);
}

const REASONS: readonly EraseReason[] = ['retracted', 'takedown', 'retention', 'quota'];

/** Always looks for what was erased: an erasure that nobody checked is a hope. */
async function erase({ config, words, reason = 'takedown', withhold, resume, json }: Args): Promise<void> {
  if (words.length === 0 && !resume)
    throw new CosmicError(
      'request.malformed',
      'usage: erase ID… [--reason takedown] [--withhold body|text|none] | erase --resume',
    );
  if (!REASONS.includes(reason as EraseReason))
    throw new CosmicError('request.malformed', `reason: one of ${REASONS.join(', ')}`);
  const options = { ...(await sqliteOf(config)), progress: tellProgress };
  if (resume) {
    // Where none was begun, followers forget what a node had not come to yet.
    return tell((await resumeErasure(options)) ?? (await eraseAndProve(options, [])), json);
  }
  const what = withhold === undefined ? undefined : parseWithheld(withhold);
  tell(await eraseAndProve(options, erasuresOf(words, reason as EraseReason, what)), json);
}

function tell(report: EraseReport, json: boolean): void {
  for (const name of report.removed)
    process.stderr.write(`${name} held something that was erased and was removed; the node makes it anew\n`);
  const more = report.more ? ' and more' : '';
  print(json, report, [
    ...report.shared.map(({ what, holder, where }) => `shared: ${what} stays in ${where} for ${holder}`),
    ...report.traces.map(
      ({ file, offset, what }) => `still there: ${what} in ${file}${offset === undefined ? '' : ` at ${offset}`}`,
    ),
    `${report.erased} erased; ${report.lookedFor} pieces looked for in every file, ${report.traces.length}${more} found`,
  ]);
  if (report.traces.length > 0) process.exitCode = 1;
}

/** Lines of a list that people are shown. */
const LISTED = 20;

/** Shows what a file of retention rules would erase; `retention apply FILE` does it, and proves it. */
async function retention({ config, words: [action, file], json }: Args): Promise<void> {
  if ((action !== 'test' && action !== 'apply') || file === undefined)
    throw new CosmicError('request.malformed', 'usage: retention test|apply FILE');
  const read = (await readJson(file)) as { readonly unsubscribed?: unknown } | null;
  const rules = read?.unsubscribed === true ? undefined : parseRetention(read);
  const { path, engine } = existingStore({ folder: config.data, engine: config.store });
  const upkeep = openUpkeep(path, engine);
  const plan = (() => {
    try {
      if (rules !== undefined) return planRetention(upkeep, rules, Date.now());
      if (Object.keys(read!).length > 1)
        throw new CosmicError('config.malformed', `${file}: "unsubscribed" goes with no other rule`);
      return planUnsubscribed(upkeep, config.subscriptions);
    } finally {
      upkeep.close();
    }
  })();
  if (action === 'test')
    return print(json, plan, [
      ...plan.erase.slice(0, LISTED).map(({ id, rule, bytes }) => `${id} ${rule} ${bytes} bytes`),
      ...(plan.erase.length > LISTED ? [`and ${plan.erase.length - LISTED} more; --json lists them all`] : []),
      `${plan.erase.length} blocks, ${plan.bytes} bytes`,
    ]);
  const report = await eraseAndProve(
    { ...(await sqliteOf(config)), progress: tellProgress },
    plan.erase.flatMap(({ id, reason }) => erasuresOf([id], reason)),
  );
  tell(report, json);
}

/** Which stored blocks new admission rules would have refused; changes nothing. */
async function policy({ config, words: [action, file], json }: Args): Promise<void> {
  if (action === 'replay') return replayRules(config, file, json);
  if (action !== 'test' || file === undefined)
    throw new CosmicError('request.malformed', 'usage: policy test FILE | policy replay [FILE]');
  const read = await readJson(file);
  if (
    (read as { retention?: unknown } | null)?.retention !== undefined &&
    (read as { policy?: unknown }).policy === undefined
  )
    throw new CosmicError(
      'config.malformed',
      `${file} holds retention rules: cosmic retention test FILE shows what they erase`,
    );
  const judge = createAdmission(parsePolicy((read as { policy?: unknown }).policy ?? read));
  const { path, engine } = existingStore({ folder: config.data, engine: config.store });
  const reader = new StoreReader(path, engine);
  const rules: Record<string, number> = {};
  let blocks = 0;
  try {
    const { epoch, seq: all } = reader.head();
    const judged = tellProgress('judging');
    for (let seq = 0; ;) {
      const { items, upTo } = reader.tail({ epoch, seq }, 500);
      if (items.length === 0) break;
      seq = upTo.seq;
      judged(seq, all);
      for (const item of items) {
        if (item.type === 'erase' || item.block.erased !== undefined) continue;
        blocks += 1;
        const refusal = judge(
          candidateOf(item.block, item.block.envelope.length + (item.block.body?.length ?? 0)),
          item.block.firstSeenMs,
        );
        if (refusal !== undefined) rules[refusal.rule] = (rules[refusal.rule] ?? 0) + 1;
      }
    }
  } finally {
    reader.close();
  }
  const refused = Object.values(rules).reduce((sum, n) => sum + n, 0);
  print(json, { blocks, refused, rules }, [
    ...Object.entries(rules).map(([rule, n]) => `${rule}: ${n}`),
    `${refused} of ${blocks} blocks would be refused`,
  ]);
}

/** What rules of `respond` would have done to last week's traffic; from then on they may do it. */
async function replayRules(config: NodeConfig, file: string | undefined, json: boolean): Promise<void> {
  const read = file === undefined ? undefined : await readJson(file);
  const given = (read as { respond?: unknown } | undefined)?.respond ?? read;
  const report = replay(config.data, given === undefined ? config.respond : parseRespond(given), Date.now());
  const { fromMs, toMs, rules } = report;
  const span =
    fromMs === undefined || toMs === undefined
      ? 'no traffic is recorded here yet: nothing was tried, rules that do more than tell go on telling only'
      : `traffic from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
  print(json, report, [
    span,
    ...Object.entries(rules).flatMap(([signal, { then, times, whom, keptBack }]) => [
      `${signal}: ${then}, ${times} times${then === 'alert' || then === 'off' ? '' : `; ${keptBack} blocks that were kept would have been held back`}`,
      ...whom.map((one) => `  ${one.who}: ${one.times} times, up to ${one.count}`),
    ]),
  ]);
}

const ACCESS_USAGE =
  'usage: access list | access add NAME SCOPE… [--per-minute N] [--blocks-per-day N] [--bytes-per-day N] | access remove NAME';

/** API keys; a running node sees a change within a second. */
async function access({ config, words: [action, name, ...asked], perMinute, perDay, json }: Args): Promise<void> {
  if (action === 'list') {
    const keys = readApiKeys(config.data).map(({ sha256: _, ...key }) => key);
    print(
      json,
      { keys },
      keys.map((key) => `${key.name}  ${key.scopes.join(', ')}`),
    );
  } else if (action === 'remove' && name !== undefined) {
    removeApiKey(config.data, name);
    print(json, { ok: true }, [`${name} opens nothing any more`]);
  } else if (action === 'add' && name !== undefined && asked.length > 0) {
    const wrong = asked.find((scope) => !isScope(scope));
    if (wrong !== undefined) throw new CosmicError('request.malformed', `${wrong}: no scope; ${ACCESS_USAGE}`);
    const secret = addApiKey(config.data, {
      name,
      scopes: asked.filter(isScope),
      ...(perMinute === undefined ? {} : { requestsPerMinute: perMinute }),
      ...(Object.keys(perDay).length === 0 ? {} : { allowance: { ...perDay, perMs: 86_400_000 } }),
    });
    print(json, { name, secret }, [`${secret}`, `send it as Authorization: Bearer …; it is shown this once`]);
  } else throw new CosmicError('request.malformed', ACCESS_USAGE);
}

async function sqliteOf(config: NodeConfig): Promise<SqliteOptions> {
  existingStore({ folder: config.data, engine: config.store });
  const { did } = await openNodeKeys(config.data);
  return { folder: config.data, network: config.network, node: did, engine: config.store, plugins: config.plugins };
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CosmicError('input.not_found', file, { cause });
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new CosmicError('config.malformed', `${file}: ${(cause as Error).message}`, { cause });
  }
}

function print(json: boolean, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json ? JSON.stringify(value) + '\n' : lines.join('\n') + '\n');
}
