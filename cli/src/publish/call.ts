import { statSync } from 'node:fs';
import { sep } from 'node:path';
import { CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import type { Identity } from '../keys/author.js';
import type { Progress } from '../progress.js';
import type { Settings } from '../settings.js';
import { whereOf } from './document.js';
import type { PublishOptions } from './options.js';
import type { Inputs } from './inputs.js';
import { openJournal, type Intent, type Journal, type PublishedLine } from './journal.js';
import { openOutbox } from './outbox.js';
import { pendingLine, publishAll, waitingOf, type Job } from './publish.js';
import { addReport, emptyReport, type PublishReport } from './report.js';
import { withdraw } from './withdraw.js';

/** What a call needs from outside; a test hands in others. */
export interface Means {
  openIdentity(settings: Settings): Promise<Identity>;
  openEmbedder(settings: Settings): Promise<Embedder>;
  openClient(settings: Settings): NodeClient;
  now(): number;
  progress?(): Progress | undefined;
  /** Ends it between two batches; what is left is pending then. */
  readonly signal?: AbortSignal | undefined;
  /** Before the first text leaves this machine. */
  beforeFirst?(): void;
}

export interface Asked {
  readonly options: PublishOptions;
  readonly said: Job['said'];
  /** Withdraw what was published of files that are gone. */
  readonly retractGone: boolean;
}

/** Publishes what was named, with these settings and no others; work of other calls that waits is left alone. */
export async function publishInputs(
  { inputs, left, folders }: Inputs,
  asked: Asked,
  settings: Settings,
  means: Means,
): Promise<PublishReport> {
  const identity = await means.openIdentity(settings);
  if (settings.embedder === undefined) throw new CosmicError('embedder.unset', '');
  const context = contextOf(settings, identity);
  const jobs = inputs.map(({ path, origin, markdown }): Job => {
    return { intent: { path, origin, markdown, options: asked.options, ...context }, said: asked.said };
  });
  const report = await publishJobs(jobs, folders, settings, identity, means);
  report.skipped.push(...left);
  if (asked.retractGone && report.gone.length > 0) await retractGone(report, identity, settings, means);
  return report;
}

/** Which pending work: only that for this node, key, …; what is left out is no condition. */
export interface Which {
  readonly node?: string | undefined;
  readonly network?: string | undefined;
  readonly author?: string | undefined;
  readonly embedder?: string | undefined;
}

/** Does what waits, each document as it was asked for. What fails goes on waiting, and holds up no other. */
export async function publishPending(
  which: Which,
  settings: Settings,
  means: Means,
): Promise<PublishReport | undefined> {
  const journal = openJournal(settings.home);
  const wanted = journal.pending().filter(({ intent }) => isMeant(intent, which));
  if (wanted.length === 0) return undefined;
  const groups = new Map<string, Intent[]>();
  for (const { intent } of wanted) {
    const name = JSON.stringify([intent.node, intent.network, intent.author, intent.key, intent.embedder]);
    groups.set(name, [...(groups.get(name) ?? []), intent]);
  }
  const sum = emptyReport();
  for (const intents of groups.values()) {
    const { node, network, key, embedder, author } = intents[0]!;
    const own: Settings = {
      ...settings,
      node,
      network,
      embedder,
      ...(key === null ? {} : { keyFile: key, keyText: undefined }),
    };
    try {
      const identity = await means.openIdentity(own);
      if (identity.did !== author)
        throw new CosmicError(
          'key.not_found',
          `${author} asked for it; ${key ?? 'COSMIC_PRIVATE_KEY'} is ${identity.did}`,
        );
      const jobs = intents.map((intent): Job => ({
        intent,
        said: new Set(['tags', 'language', 'text', 'dtype', 'columns']),
      }));
      addReport(sum, await publishJobs(jobs, [], own, identity, means));
    } catch (error) {
      if (!(error instanceof CosmicError)) throw error;
      journal.refresh();
      const waiting = new Set(journal.pending().map(({ slot }) => slot));
      sum.pending.push(
        ...intents.map((intent) => waitingOf(intent, error.message)).filter(({ slot }) => waiting.has(slot)),
      );
    }
  }
  return sum;
}

function isMeant(intent: Intent, { node, network, author, embedder }: Which): boolean {
  return (
    (node === undefined || node === intent.node) &&
    (network === undefined || network === intent.network) &&
    (author === undefined || author === intent.author) &&
    (embedder === undefined || embedder === JSON.stringify(intent.embedder))
  );
}

function contextOf(
  settings: Settings,
  identity: Identity,
): Pick<Intent, 'node' | 'network' | 'author' | 'key' | 'embedder'> {
  return {
    node: settings.node,
    network: settings.network,
    author: identity.did,
    key: settings.keyText === undefined ? settings.keyFile : null,
    embedder: settings.embedder!,
  };
}

async function publishJobs(
  jobs: readonly Job[],
  folders: readonly string[],
  settings: Settings,
  identity: Identity,
  means: Means,
): Promise<PublishReport> {
  const journal = openJournal(settings.home);
  const client = means.openClient(settings);
  // An address where no node answers is found out before the first text is embedded.
  const { node, network } = await client.status();
  // It would refuse every block, each as wrongly signed.
  if (network !== settings.network)
    throw new CosmicError(
      'peer.wrong_network',
      `${settings.node} is of network ${network}; this is to be signed for ${settings.network} (--network)`,
    );
  means.beforeFirst?.();
  let embedder: Embedder;
  try {
    embedder = await means.openEmbedder(settings);
  } catch (error) {
    if (!(error instanceof CosmicError) || !['embedder.unavailable', 'embedder.bad_answer'].includes(error.code))
      throw error;
    journal.add(jobs.map(({ intent }) => pendingLine(intent, error.message)));
    const pending = jobs.map(({ intent }) => waitingOf(intent, error.message));
    return { ...emptyReport(), documents: jobs.length, pending };
  }
  const facts = { node, author: identity.did, network: settings.network, spaceId: spaceIdOf(embedder.space) };
  const there = journal.publishedAt(whereOf(facts));
  const gone = goneFrom(folders, there, journal);
  const report = await publishAll(jobs, {
    client,
    node,
    identity,
    embedder,
    journal,
    outbox: openOutbox(settings.home),
    now: () => means.now(),
    progress: means.progress?.(),
    signal: means.signal,
    gone,
  });
  const moved = new Set(report.moved.map(({ ids }) => ids));
  report.gone.push(...gone.filter(({ ids }) => !moved.has(ids)).map(({ path, ids }) => ({ path, ids })));
  return report;
}

/** Publications of files below these folders that are no more. */
function goneFrom(folders: readonly string[], there: readonly PublishedLine[], journal: Journal): PublishedLine[] {
  return there.filter(
    ({ path, ids }) =>
      folders.some((folder) => path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)) &&
      !journal.isWithdrawn(ids) &&
      isGone(path),
  );
}

/** Nothing of the name is there, or something else than a file; what cannot be looked at may still be. */
function isGone(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() !== true;
  } catch {
    return false;
  }
}

async function retractGone(
  report: PublishReport,
  { author }: Identity,
  settings: Settings,
  means: Means,
): Promise<void> {
  const ids = report.gone.flatMap((gone) => gone.ids);
  await withdraw(ids, author, means.openClient(settings), openJournal(settings.home), () => means.now());
  report.retracted.push(...ids);
}
