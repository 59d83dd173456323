import { CosmicError, limits } from '@cosmicembeddings/sdk';
import { costOf, parseEmbedderConfig, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { openIdentity } from '../keys/author.js';
import { openEmbedder } from '../embedder.js';
import { momentOf, type MomentFlags } from '../moment.js';
import { openClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { bytesText, note, plain, plural, print, printJson, Refused, UsageError } from '../output.js';
import { progressBar } from '../progress.js';
import { publishInputs, publishPending, type Asked, type Means } from '../publish/call.js';
import { collectInputs, type Inputs } from '../publish/inputs.js';
import { openJournal } from '../publish/journal.js';
import { openFile, readableEndings, type FilePassage } from '../publish/open-file.js';
import { othersWaiting, type Named, type PublishReport } from '../publish/report.js';
import { store, type GlobalFlags, type Settings } from '../settings.js';
import { awaitCopies, operatorFlag, operatorsOf, type CopiesWanted } from '../publish/copies.js';
import { durationOf } from '../values.js';
import { define, momentFlags } from './command.js';

interface PublishFlags extends MomentFlags {
  paths?: string[] | undefined;
  tag?: string[] | undefined;
  tags: boolean;
  language?: string | undefined;
  text?: boolean | undefined;
  dtype?: 'f32' | 'f16' | 'i8' | undefined;
  columns?: string[] | undefined;
  retractGone: boolean;
  dryRun: boolean;
  copies?: number | undefined;
  operator?: string[] | undefined;
  copiesWait: string;
}

export const publishWarning =
  'Before your first publication: much of a text can be recovered from its embedding, also with --no-text, and what is\n' +
  'published spreads to other nodes: it cannot be taken back everywhere. Publish only what may be public for ever.';

export const publishCommand = define<PublishFlags>({
  command: 'publish [paths..]',
  describe: 'Embed, sign and publish files or folders of text',
  examples: [
    ['cosmic publish notes.md', 'one file: a signed block, a vector for each passage'],
    ['cosmic publish papers --tag biology --dry-run', 'what a folder would become'],
    ['cosmic publish kilns.csv --columns remark', 'a table, by the column that holds the text'],
  ],
  builder: (yargs) =>
    momentFlags(
      yargs
        .positional('paths', {
          type: 'string',
          array: true,
          describe: 'files and folders; without any, what is pending, as it was asked for',
        })
        .option('tag', { type: 'string', array: true, nargs: 1, describe: 'tag for every block; may be repeated' })
        .option('tags', {
          type: 'boolean',
          default: true,
          describe: '--no-tags: without tags, also where a document had some',
        })
        .option('language', { type: 'string', describe: 'language of the text, such as en or pt-BR' })
        .option('text', {
          type: 'boolean',
          describe: 'publish the passages with their vectors (as ever); --no-text: only hashes of them',
        })
        .option('dtype', { choices: ['f32', 'f16', 'i8'] as const, describe: 'how vectors are stored (f32)' })
        .option('columns', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'of tables and JSON Lines: a column that holds the text (all with words); may be repeated',
        })
        .option('retract-gone', {
          type: 'boolean',
          default: false,
          describe: 'withdraw what was published of files that are gone from the folders',
        })
        .option('copies', {
          type: 'number',
          describe: 'wait until so many operators have signed that they have each block (nodes with --receipts)',
        })
        .option('operator', operatorFlag)
        .option('copies-wait', { type: 'string', default: '2m', describe: 'how long to wait for that' })
        .option('dry-run', {
          type: 'boolean',
          default: false,
          describe: 'show what would be published, passage by passage, and publish nothing',
        }),
    ),
  run: async (args, settings) => {
    const asked = askedOf(args, settings);
    const copies = copiesOf(args);
    const inputs = collectInputs(args.paths ?? [], await readableEndings());
    if (args.dryRun) return dryRun(inputs, asked, settings);
    const started = Date.now();
    const report = await interruptible(
      () => 'what was sent stays; cosmic publish without a path does the rest, as it was asked for',
      async (signal) => {
        const means = meansOf(settings, signal);
        return inputs.folders.length + inputs.inputs.length > 0
          ? publishInputs(inputs, asked, settings, means)
          : publishPending(await whichOf(args, settings), settings, means);
      },
    );
    if (report === undefined) throw new UsageError(nothingText(settings));
    show(report, (Date.now() - started) / 1000, settings);
    if (copies !== undefined && report.ids.length > 0)
      await awaitCopies(openClient(settings), report.ids, copies, settings);
    if (report.refused.length + report.pending.length > 0 || report.documents === 0) throw new Refused();
  },
});

function copiesOf({ copies, operator, copiesWait }: PublishFlags): CopiesWanted | undefined {
  if (copies === undefined) return undefined;
  if (!Number.isInteger(copies) || copies < 1 || copies > 100)
    throw new UsageError(`--copies ${String(copies)}: a whole number from 1 to 100`);
  return { copies, operators: operatorsOf(operator), waitMs: durationOf('--copies-wait', copiesWait) };
}

function askedOf(args: PublishFlags, settings: Settings): Asked {
  const { timeMs, place } = momentOf(args, settings);
  if (!args.tags && args.tag !== undefined) throw new UsageError('--tag and --no-tags exclude each other');
  const tags = [...new Set(args.tag ?? [])];
  if (tags.length > limits.tagsMax) throw new UsageError(`${tags.length} tags; a block has at most ${limits.tagsMax}`);
  if (tags.includes('')) throw new UsageError('--tag: an empty tag');
  const said = new Set<'tags' | 'language' | 'text' | 'dtype' | 'columns'>();
  if (args.tag !== undefined || !args.tags) said.add('tags');
  if (args.language !== undefined) said.add('language');
  if (args.text !== undefined) said.add('text');
  if (args.dtype !== undefined) said.add('dtype');
  if (args.columns !== undefined) said.add('columns');
  const { language, text = true, dtype = 'f32', columns } = args;
  return { options: { tags, language, text, dtype, columns, timeMs, place }, said, retractGone: args.retractGone };
}

function meansOf(settings: Settings, signal: AbortSignal): Means {
  return {
    signal,
    openIdentity,
    openEmbedder,
    openClient,
    now: () => Date.now(),
    progress: () => (settings.json ? undefined : progressBar('publishing')),
    beforeFirst: () => warnOnce(settings),
  };
}

/** A flag that is given chooses among what waits; it never changes what was asked. */
async function whichOf(args: GlobalFlags, settings: Settings): Promise<Parameters<typeof publishPending>[0]> {
  return {
    node: args.node === undefined ? undefined : settings.node,
    network: args.network,
    author: args.key === undefined ? undefined : (await openIdentity(settings)).did,
    embedder: args.embedder === undefined ? undefined : JSON.stringify(parseEmbedderConfig(args.embedder)),
  };
}

function nothingText(settings: Settings): string {
  const waiting = openJournal(settings.home).pending().length;
  return waiting === 0
    ? 'name files or folders to publish; nothing is pending'
    : `none of the ${plural(waiting, 'pending document')} is for that node, network, key and embedder; cosmic status lists them`;
}

function warnOnce(settings: Settings): void {
  if (settings.stored.get('warned') === true) return;
  note(publishWarning);
  store(settings, { warned: true });
}

/** Nothing is embedded, signed or sent, and no node is asked. */
async function dryRun({ inputs, left }: Inputs, { options }: Asked, settings: Settings): Promise<void> {
  const skipped: Named[] = [...left];
  const { node, network, keyFile, keyText, embedder } = settings;
  const as = { node, network, key: keyText === undefined ? keyFile : 'COSMIC_PRIVATE_KEY', embedder: embedder ?? null };
  const documents: object[] = [];
  if (!settings.json) {
    print(`to ${node}, network ${network}, signed with ${as.key}, embedded by ${JSON.stringify(as.embedder)}`);
    print(`tags: ${options.tags.join(', ') || '(none, or those of its earlier publication)'}`);
  }
  let shown = 0;
  for (const { path, origin, markdown } of inputs)
    try {
      const { columns } = options;
      const { parts, encoding, left: unread } = await openFile({ path, origin, markdown, columns });
      if (unread.length > 0) note(`${origin}: not read: ${unread.join('; ')}`);
      let part = 0;
      for (const { passages, last } of parts) {
        const named = part === 0 && last ? {} : { part };
        part++;
        shown++;
        if (settings.json) documents.push({ path, origin, ...named, encoding, passages });
        else showPassages(origin, named.part, encoding, passages, options.text);
      }
    } catch (error) {
      if (!(error instanceof CosmicError)) throw error;
      skipped.push({ path, reason: error.message });
    }
  if (settings.json) return printJson({ dryRun: true, ...as, options, documents, skipped });
  leftText(skipped);
  note(`dry run: ${plural(shown, 'document')}, nothing published`);
}

function showPassages(
  origin: string,
  part: number | undefined,
  encoding: string,
  passages: readonly FilePassage[],
  texts: boolean,
): void {
  const name = part === undefined ? origin : `${origin}, part ${part + 1}`;
  print(`\n${name}  ${plural(passages.length, 'passage')}${encoding === 'UTF-8' ? '' : `, read as ${encoding}`}`);
  passages.forEach(({ text, heading, at }, i) =>
    print(
      `--- ${i + 1}${at === undefined ? '' : `  ${plain(at)}`}${heading === undefined ? '' : `  ${plain(heading)}`}\n${texts ? text.split('\n').map(plain).join('\n') : '(its hash only)'}`,
    ),
  );
}

function show(report: PublishReport, seconds: number, settings: Settings): void {
  const waiting = othersWaiting(report, openJournal(settings.home).pending());
  if (settings.json) return printJson({ ...report, otherFiles: report.skipped.length, seconds, waiting });
  const parts = [`${plural(report.published, 'document')} published`];
  if (report.superseding > 0) parts.push(`${report.superseding} of them newer versions`);
  if (report.republished > 0) parts.push(`${report.republished} of them retracted before`);
  if (report.moved.length > 0) parts.push(`${report.moved.length} of them renamed`);
  if (report.unchanged > 0) parts.push(`${report.unchanged} unchanged`);
  if (report.pending.length > 0) parts.push(`${report.pending.length} pending`);
  if (report.refused.length > 0) parts.push(`${report.refused.length} refused`);
  if (report.skipped.length > 0) parts.push(`${report.skipped.length} left out`);
  if (report.gone.length > 0) parts.push(`${report.gone.length} gone`);
  print(
    `${parts.join(', ')}: ${plural(report.blocks, 'block')}, ${plural(report.vectors, 'vector')}, ${bytesText(report.bytes)} in ${seconds.toFixed(1)} s`,
  );
  if (report.chargedTokens > 0) note(chargeText(report.chargedTokens, settings.embedder));
  if (report.truncated > 0)
    note(`${plural(report.truncated, 'passage')} longer than the model reads: only the beginning was embedded`);
  if (report.kept > 0)
    note(
      `${plural(report.kept, 'document')} kept the tags, language, form and origin of the earlier publication; --tag, --no-tags, --language, --text or --dtype change them`,
    );
  if (report.adopted > 0)
    note(`${plural(report.adopted, 'document')} stood there already, which this home knew nothing of: taken over`);
  namesakesText(report.namesakes);
  for (const { path, left } of report.unread) note(`${path}: not read: ${left.join('; ')}`);
  for (const { path, encoding } of report.encodings) note(`${path}: read as ${encoding}`);
  foreignText(report.foreign);
  for (const { path, parts } of report.parts)
    note(`${path}: too long for one document, ${plural(parts, 'part')}, each counted as a document`);
  for (const one of new Set(report.moved.map(({ from, to }) => `${from} is ${to} now`)))
    note(`${one}: the new block supersedes the old one`);
  leftText(report.skipped);
  for (const { path, reason } of report.refused) note(`cosmic: ${reason} (${path})`);
  pendingText(report.pending);
  goneText(report);
  if (waiting > 0)
    note(
      `${plural(waiting, 'other document')} pending; cosmic publish without a path does what waits, as it was asked for`,
    );
  if (report.documents === 0) note('cosmic: input.empty: no file held any text');
}

const LISTED = 20;

function leftText(left: readonly Named[]): void {
  for (const { path, reason } of left.slice(0, LISTED))
    note(`left out: ${path} (${/^input\.empty\b/.test(reason) ? 'it holds no text' : reason})`);
  if (left.length > LISTED) note(`left out: ${left.length - LISTED} more; --json lists them all`);
}

function namesakesText(namesakes: PublishReport['namesakes']): void {
  for (const { path, ids } of namesakes.slice(0, LISTED))
    note(
      `${plain(path)}: other words of yours stand there under the same name, and this home does not know whether it is an older version: cosmic retract ${ids.slice(0, LISTED).join(' ')}, if so`,
    );
  if (namesakes.length > LISTED)
    note(`${namesakes.length - LISTED} more stand beside others of their name; --json lists them all`);
}

/** One line for all files; a pending queue may have been for several embedders, each with its advice. */
function foreignText(foreign: PublishReport['foreign']): void {
  for (const advice of new Set(foreign.map((one) => one.advice))) {
    const of = foreign.filter((one) => one.advice === advice);
    const languages = [...new Set(of.map(({ language }) => language))].join(', ');
    const more = of.length > LISTED ? ` and ${of.length - LISTED} more; --json lists them all` : '';
    const paths = of.slice(0, LISTED).map(({ path }) => plain(path));
    note(
      `${plural(of.length, 'document')} ${of.length === 1 ? 'looks' : 'look'} like ${languages}, and ${advice} (${paths.join(', ')}${more})`,
    );
  }
}

/** One line for each reason. */
function pendingText(pending: readonly Named[]): void {
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of pending) reasons.set(reason, [...(reasons.get(reason) ?? []), path]);
  for (const [reason, paths] of reasons)
    note(
      `cosmic: ${reason} — ${paths.length === 1 ? `${paths[0]!} is` : `${plural(paths.length, 'document')} are`} pending; cosmic publish without a path tries again`,
    );
}

function goneText({ gone, retracted }: PublishReport): void {
  if (gone.length === 0) return;
  for (const { path, ids } of gone.slice(0, LISTED)) note(`gone: ${path}, published as ${ids.join(' ')}`);
  if (gone.length > LISTED) note(`gone: ${gone.length - LISTED} more; --json lists them all`);
  note(
    retracted.length > 0
      ? `${plural(retracted.length, 'block')} of files that are gone retracted`
      : `${plural(gone.length, 'file')} no longer there still ${gone.length === 1 ? 'answers' : 'answer'} searches; --retract-gone withdraws what was published of ${gone.length === 1 ? 'it' : 'them'}`,
  );
}

function chargeText(tokens: number, embedder: EmbedderConfig | undefined): string {
  const cost = embedder?.type === 'openai' ? costOf(embedder, tokens) : undefined;
  return `${plural(tokens, 'token')} charged by the embedder${cost === undefined ? '' : `, ${cost.toFixed(4)} at its configured price`}`;
}
