import { CosmicError, toHex, type Accepted, type CreatedBlock, type Embedder } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { splitPassages } from '@cosmicembeddings/sdk/passages';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import type { Identity } from '../keys/author.js';
import type { Progress } from '../progress.js';
import { inputDigest, makeBlocks, partition, sourceDigest, type Document, type PublishOptions } from './document.js';
import { readText, type Input } from './inputs.js';
import type { Journal, JournalEntry, Recipe } from './journal.js';

/** A file and what the command line said about it. */
export interface Job extends Input {
  readonly options: PublishOptions;
}

export interface Publisher {
  readonly client: NodeClient;
  readonly identity: Identity;
  readonly embedder: Embedder;
  readonly journal: Journal;
  readonly now: () => number;
  /** Documents done. */
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the blocks of every batch that the node has kept. */
  readonly onKept?: ((blocks: readonly CreatedBlock[]) => void) | undefined;
}

export interface PublishReport {
  documents: number;
  /** Documents whose blocks this call has put on the node. */
  published: number;
  unchanged: number;
  /** Of the published: newer versions of documents that were there. */
  superseding: number;
  blocks: number;
  vectors: number;
  bytes: number;
  /** Passages longer than the model reads: only their beginning was embedded. */
  truncated: number;
  /** What a paid embedder charged for; 0 where it does not say. */
  chargedTokens: number;
  ids: string[];
  /** Files of folders that turned out to be no text. */
  skipped: { path: string; reason: string }[];
  pending: { path: string; reason: string }[];
  refused: { path: string; reason: string }[];
}

const BATCH_DOCUMENTS = 32;
const BATCH_PASSAGES = 512;

interface Planned {
  readonly document: Document;
  readonly job: Job;
  readonly input: string;
  readonly source: string;
}

interface Made extends Planned {
  readonly blocks: readonly CreatedBlock[];
  readonly recipe: Recipe;
  readonly vectors: number;
}

/**
 * Publishes documents in batches: split, embed, sign, note down, send, note down again. Whatever it is interrupted by,
 * the next call goes on with the same blocks. When the embedder fails, the documents stay pending.
 */
export async function publishAll(jobs: readonly Job[], publisher: Publisher): Promise<PublishReport> {
  const report: PublishReport = {
    documents: 0,
    published: 0,
    unchanged: 0,
    superseding: 0,
    blocks: 0,
    vectors: 0,
    bytes: 0,
    truncated: 0,
    chargedTokens: 0,
    ids: [],
    skipped: [],
    pending: [],
    refused: [],
  };
  const facts = {
    author: publisher.identity.did,
    network: publisher.identity.author.network,
    spaceId: spaceIdOf(publisher.embedder.space),
  };
  let batch: Planned[] = [];
  let passages = 0;
  let done = 0;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await publishBatch(batch, publisher, report);
    batch = [];
    passages = 0;
    publisher.progress?.(done, jobs.length, `${report.vectors} passages`);
  };
  publisher.progress?.(0, jobs.length);
  for (const job of jobs) {
    publisher.signal?.throwIfAborted();
    const document = readDocument(job, report);
    done++;
    if (document === undefined) continue;
    report.documents++;
    batch.push({ document, job, input: inputDigest(document, facts), source: sourceDigest(job.path, facts) });
    passages += document.passages.length;
    if (batch.length >= BATCH_DOCUMENTS || passages >= BATCH_PASSAGES) await flush();
  }
  await flush();
  publisher.progress?.(jobs.length, jobs.length, `${report.vectors} passages`);
  publisher.progress?.end();
  return report;
}

function readDocument(job: Job, report: PublishReport): Document | undefined {
  let text: string;
  try {
    text = readText(job.path, job.origin);
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    report.skipped.push({ path: job.path, reason: error.code });
    return undefined;
  }
  const passages = splitPassages(text, { markdown: job.markdown });
  if (passages.length === 0) {
    report.skipped.push({ path: job.path, reason: 'input.empty' });
    return undefined;
  }
  return { path: job.path, origin: job.origin, passages, options: job.options };
}

async function publishBatch(batch: readonly Planned[], publisher: Publisher, report: PublishReport): Promise<void> {
  const wanted = await changed(batch, publisher, report);
  if (wanted.length === 0) return;
  const made = await makeAll(wanted, publisher, report);
  if (made.length === 0) return;
  publisher.journal.add(made.map((item) => entryOf(item, 'prepared')));
  const answers = await publisher.client.publish(
    made.flatMap((item) => item.blocks.map((block) => block.wire)),
    publisher.signal === undefined ? {} : { signal: publisher.signal },
  );
  let at = 0;
  const entries: JournalEntry[] = [];
  for (const item of made) {
    const refusal = refusalOf(answers.slice(at, at + item.blocks.length));
    at += item.blocks.length;
    entries.push(entryOf(item, refusal === undefined ? 'published' : 'dropped'));
    if (refusal !== undefined) {
      report.refused.push({ path: item.job.path, reason: refusal });
      continue;
    }
    report.published++;
    if (item.recipe.supersedes.length > 0) report.superseding++;
    report.blocks += item.blocks.length;
    report.vectors += item.vectors;
    report.bytes += item.blocks.reduce((sum, block) => sum + block.wire.length, 0);
    report.ids.push(...item.blocks.map((block) => block.id));
    publisher.onKept?.(item.blocks);
  }
  publisher.journal.add(entries);
}

/** Documents that are not on the node yet as they are now. */
async function changed(
  batch: readonly Planned[],
  { client, journal }: Publisher,
  report: PublishReport,
): Promise<Planned[]> {
  const known = await Promise.all(
    batch.map(async ({ input }) => {
      const entry = journal.byInput(input);
      if (entry?.status !== 'published') return false;
      const there = await Promise.all((entry.ids ?? []).map((id) => client.has(id)));
      return there.every(Boolean);
    }),
  );
  report.unchanged += known.filter(Boolean).length;
  const seen = new Set<string>();
  return batch.filter(({ input }, i) => !known[i] && !seen.has(input) && seen.add(input));
}

async function makeAll(wanted: readonly Planned[], publisher: Publisher, report: PublishReport): Promise<Made[]> {
  const { embedder, identity, journal } = publisher;
  const embedded = await embedAll(wanted, publisher, report);
  const made: Made[] = [];
  for (const [i, planned] of wanted.entries()) {
    const vectors = embedded[i];
    if (vectors === undefined) continue;
    const kept = planned.document.passages.filter((_, row) => vectors[row] !== undefined);
    const rows = vectors.filter((vector): vector is Float32Array => vector !== undefined);
    if (rows.length === 0) {
      report.skipped.push({ path: planned.job.path, reason: 'input.empty' });
      continue;
    }
    const document = { ...planned.document, passages: kept };
    const parts = partition(document, embedder.space).length;
    const earlier = journal.byInput(planned.input);
    const recipe =
      earlier?.recipe !== undefined && earlier.status !== 'dropped' && earlier.recipe.salts.length === parts
        ? earlier.recipe
        : newRecipe(planned, parts, publisher);
    made.push({
      ...planned,
      recipe,
      vectors: rows.length,
      blocks: await makeBlocks(document, rows, embedder.space, recipe, identity.author),
    });
  }
  return made;
}

function newRecipe({ document, source }: Planned, parts: number, { identity, journal, now }: Publisher): Recipe {
  return {
    timeMs: document.options.timeMs ?? now(),
    salts: Array.from({ length: parts }, () => toHex(identity.author.salt())),
    supersedes: journal.bySource(source)?.ids ?? [],
  };
}

/** Vectors of each document, undefined where a passage has none; on failure everything stays pending. */
async function embedAll(
  wanted: readonly Planned[],
  { embedder, journal, signal }: Publisher,
  report: PublishReport,
): Promise<((Float32Array | undefined)[] | undefined)[]> {
  const texts = wanted.flatMap(({ document }) => document.passages.map((passage) => passage.text));
  try {
    const rows = await embedTexts(texts, embedder, report, signal);
    let at = 0;
    return wanted.map(({ document }) => rows.slice(at, (at += document.passages.length)));
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    journal.add(
      wanted.map((planned) => ({
        input: planned.input,
        source: planned.source,
        path: planned.job.path,
        status: 'pending',
        reason: error.message,
        retry: planned.job,
      })),
    );
    report.pending.push(...wanted.map(({ job }) => ({ path: job.path, reason: error.message })));
    return wanted.map(() => undefined);
  }
}

async function embedTexts(
  texts: readonly string[],
  embedder: Embedder,
  report: PublishReport,
  signal: AbortSignal | undefined,
): Promise<(Float32Array | undefined)[]> {
  const options = { role: 'passage', ...(signal === undefined ? {} : { signal }) } as const;
  try {
    const { vectors, truncated, chargedTokens } = await embedder.embed(texts, options);
    report.truncated += truncated.filter(Boolean).length;
    report.chargedTokens += chargedTokens ?? 0;
    return vectors;
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code !== 'input.empty') throw error;
    if (texts.length === 1) return [undefined];
  }
  // One of them holds nothing that this model knows: find out which, and leave it out.
  const half = texts.length >> 1;
  return [
    ...(await embedTexts(texts.slice(0, half), embedder, report, signal)),
    ...(await embedTexts(texts.slice(half), embedder, report, signal)),
  ];
}

function entryOf(item: Made, status: JournalEntry['status']): JournalEntry {
  return {
    input: item.input,
    source: item.source,
    path: item.job.path,
    status,
    recipe: item.recipe,
    ids: item.blocks.map((block) => block.id),
  };
}

function refusalOf(answers: readonly Accepted[]): string | undefined {
  for (const answer of answers) {
    if (answer.status === 'rejected') return `${answer.code}: ${answer.detail}`;
    if (answer.status === 'later')
      return `block.in_future: the node takes it from ${new Date(answer.retryAtMs).toISOString()}`;
  }
  return undefined;
}
