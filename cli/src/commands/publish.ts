import { existsSync } from 'node:fs';
import { limits } from '@cosmicembeddings/sdk';
import { openIdentity } from '../keys/author.js';
import { openEmbedder } from '../embedder.js';
import { momentOf, type MomentFlags } from '../moment.js';
import { openClient } from '../node-client.js';
import { bytesText, note, plural, print, printJson, Refused, UsageError } from '../output.js';
import { progressBar } from '../progress.js';
import { collectInputs } from '../publish/inputs.js';
import { openJournal, type Journal } from '../publish/journal.js';
import { publishAll, type Job, type PublishReport } from '../publish/publish.js';
import { store, type Settings } from '../settings.js';
import { costOf, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { define, momentFlags } from './command.js';

interface PublishFlags extends MomentFlags {
  paths?: string[] | undefined;
  tag?: string[] | undefined;
  language?: string | undefined;
  text: boolean;
  dtype: 'f32' | 'f16' | 'i8';
}

export const publishWarning =
  'Before your first publication: much of a text can be recovered from its embedding, also with --no-text, and what is\n' +
  'published spreads to other nodes: it cannot be taken back everywhere. Publish only what may be public for ever.';

export const publishCommand = define<PublishFlags>({
  command: 'publish [paths..]',
  describe: 'Embed, sign and publish files or folders of text',
  builder: (yargs) =>
    momentFlags(
      yargs
        .positional('paths', {
          type: 'string',
          array: true,
          describe: 'files and folders; without any, what is pending',
        })
        .option('tag', { type: 'string', array: true, nargs: 1, describe: 'tag for every block; may be repeated' })
        .option('language', { type: 'string', describe: 'language of the text, such as en or pt-BR' })
        .option('text', {
          type: 'boolean',
          default: true,
          describe: 'publish the passages with their vectors; --no-text: only hashes of them',
        })
        .option('dtype', {
          choices: ['f32', 'f16', 'i8'] as const,
          default: 'f32' as const,
          describe: 'how vectors are stored',
        }),
    ),
  run: async (args, settings) => {
    const identity = await openIdentity(settings);
    const journal = openJournal(settings.home);
    const { timeMs, place } = momentOf(args, settings);
    const tags = [...new Set(args.tag ?? [])];
    if (tags.length > limits.tagsMax)
      throw new UsageError(`${tags.length} tags; a block has at most ${limits.tagsMax}`);
    const options = { tags, language: args.language, text: args.text, dtype: args.dtype, timeMs, place };
    const { inputs, otherFiles } = collectInputs(args.paths ?? []);
    const jobs = withPending(
      inputs.map((input): Job => ({ ...input, options })),
      journal,
    );
    if (jobs.length === 0) throw new UsageError('name files or folders to publish; nothing is pending');
    const embedder = await openEmbedder(settings);
    const client = openClient(settings);
    // An address where no node answers is found out before the first text is embedded.
    await client.status();
    warnOnce(settings);
    const started = Date.now();
    const progress = settings.json ? undefined : progressBar('publishing');
    const report = await publishAll(jobs, { client, identity, embedder, journal, now: () => Date.now(), progress });
    show(report, { otherFiles, seconds: (Date.now() - started) / 1000, settings });
    if (report.refused.length + report.pending.length > 0 || report.documents === 0) throw new Refused();
  },
});

/** What an earlier call could not embed is tried again, with the flags of that call. */
function withPending(jobs: readonly Job[], journal: Journal): Job[] {
  const paths = new Set(jobs.map((job) => job.path));
  const again = journal
    .pending()
    .flatMap((entry) =>
      entry.retry === undefined || paths.has(entry.path) || !existsSync(entry.path) ? [] : [entry.retry as Job],
    );
  return [...jobs, ...again];
}

function warnOnce(settings: Settings): void {
  if (settings.stored.get('warned') === true) return;
  note(publishWarning);
  store(settings, { warned: true });
}

function show(
  report: PublishReport,
  { otherFiles, seconds, settings }: { otherFiles: number; seconds: number; settings: Settings },
): void {
  if (settings.json) return printJson({ ...report, otherFiles, seconds });
  const parts = [`${plural(report.published, 'document')} published`];
  if (report.superseding > 0) parts.push(`${report.superseding} of them newer versions`);
  if (report.unchanged > 0) parts.push(`${report.unchanged} unchanged`);
  print(
    `${parts.join(', ')}: ${plural(report.blocks, 'block')}, ${plural(report.vectors, 'vector')}, ${bytesText(report.bytes)} in ${seconds.toFixed(1)} s`,
  );
  if (report.chargedTokens > 0) note(chargeText(report.chargedTokens, settings.embedder));
  if (report.truncated > 0)
    note(`${plural(report.truncated, 'passage')} longer than the model reads: only the beginning was embedded`);
  if (otherFiles > 0)
    note(`${plural(otherFiles, 'file')} of other types left out; name a file to publish it whatever it is called`);
  for (const { path, reason } of report.skipped) note(`cosmic: ${reason}: ${path} left out`);
  for (const { path, reason } of report.refused) note(`cosmic: ${reason} (${path})`);
  if (report.pending.length > 0)
    note(
      `cosmic: ${report.pending[0]!.reason} — ${plural(report.pending.length, 'document')} pending, tried again by the next cosmic publish`,
    );
  if (report.documents === 0) note('cosmic: input.empty: no file held any text');
}

function chargeText(tokens: number, embedder: EmbedderConfig | undefined): string {
  const cost = embedder?.type === 'openai' ? costOf(embedder, tokens) : undefined;
  return `${plural(tokens, 'token')} charged by the embedder${cost === undefined ? '' : `, ${cost.toFixed(4)} at its configured price`}`;
}
