import {
  withdrawalOf,
  CosmicError,
  toHex,
  type Accepted,
  type CreatedBlock,
  type Embedder,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { foreignLanguage, otherEmbedder } from '@cosmicembeddings/sdk/embedders';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import type { Identity } from '../keys/author.js';
import type { Progress } from '../progress.js';
import { foundOf, saysAll, standingAs, type Found } from './adopt.js';
import {
  digest,
  makeBlocks,
  namesOf,
  partition,
  sourceOf,
  whereOf,
  type Document,
  type Facts,
  type Names,
} from './document.js';
import { embedDocuments } from './embed-documents.js';
import type { Intent, Journal, JournalLine, PublishedLine, Recipe } from './journal.js';
import type { Outbox, Parcel } from './outbox.js';
import { openFile, type FilePassage } from './open-file.js';
import { emptyReport, type PublishReport, type Waiting } from './report.js';
import { withdraw } from './withdraw.js';

/** One document of a call; what the call did not say of it, its earlier publication does. */
export interface Job {
  readonly intent: Intent;
  /** Which options the command line named. */
  readonly said: ReadonlySet<'tags' | 'language' | 'text' | 'dtype' | 'columns'>;
}

export interface Publisher {
  readonly client: NodeClient;
  /** did:key of the node. */
  readonly node: string;
  readonly identity: Identity;
  readonly embedder: Embedder;
  readonly journal: Journal;
  readonly outbox: Outbox;
  readonly now: () => number;
  /** Documents done. */
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Files that were published before and are no more: one of them with the same passages was renamed. */
  readonly gone?: readonly PublishedLine[] | undefined;
  /** Characters of a file that make one document; a longer one becomes several. */
  readonly partCharacters?: number | undefined;
}

const BATCH_DOCUMENTS = 32;
const BATCH_PASSAGES = 512;

interface Planned extends Names {
  readonly document: Document;
  readonly job: Job;
  /** It is all of its file. */
  readonly whole: boolean;
  /** What the journal knew of this very file. */
  readonly own?: PublishedLine | undefined;
  /** That, or the publication of the file that it was before it was renamed. */
  readonly before?: PublishedLine | undefined;
  readonly movedFrom?: PublishedLine | undefined;
  /** What the node has of it, where this home knew nothing. */
  readonly found?: Found | undefined;
}

interface Run {
  readonly publisher: Publisher;
  readonly facts: Facts;
  readonly report: PublishReport;
  /** Of the files that are gone, those that were renamed. */
  readonly taken: Set<PublishedLine>;
  /** The embedder does not answer: nothing more is tried in this call. */
  down?: string;
}

/**
 * Publishes documents in batches: split, embed, sign, claim, send, note down. Whatever it is interrupted by, the next call
 * goes on with the same blocks, and so does one that runs at the same time. What cannot be embedded or sent stays pending
 * as it was asked for.
 * @throws CosmicError what the node or the way to it said; the documents not done are pending then
 */
export async function publishAll(jobs: readonly Job[], publisher: Publisher): Promise<PublishReport> {
  const { identity, embedder, journal, progress, signal } = publisher;
  const facts = {
    node: publisher.node,
    author: identity.did,
    network: identity.author.network,
    spaceId: spaceIdOf(embedder.space),
  };
  const run: Run = { publisher, facts, report: emptyReport(), taken: new Set() };
  const { report } = run;
  let batch: Planned[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await publishBatch(batch, run);
    batch = [];
  };
  const draw = (done: number): void => progress?.(done, jobs.length, progressText(report));
  draw(0);
  let at = 0;
  let midway = false;
  try {
    await settleSent(jobs, run);
    for (; at < jobs.length; at++) {
      let parts = 0;
      for await (const planned of plan(jobs[at]!, run)) {
        signal?.throwIfAborted();
        parts++;
        midway = !planned.whole;
        report.documents++;
        batch.push(planned);
        if (batch.length < BATCH_DOCUMENTS && passagesOf(batch) < BATCH_PASSAGES) continue;
        await flush();
        draw(at);
      }
      if (midway) {
        await flush();
        closeParts(jobs[at]!, parts, run);
        midway = false;
      }
      if (parts > 0) formerParts(jobs[at]!.intent.path, parts, run);
      draw(at + 1);
    }
    await flush();
  } catch (error) {
    if (error instanceof CosmicError || signal?.aborted === true) {
      const reason = error instanceof CosmicError ? error.message : 'interrupted';
      const left = batch.filter((planned) => !isCurrent(planned, journal)).map(({ job }) => job);
      const waiting = new Set([...left, ...jobs.slice(midway ? at : at + 1)]);
      journal.add([...waiting].map(({ intent }) => pendingLine(intent, reason)));
    }
    throw error;
  } finally {
    draw(at);
    progress?.end();
  }
  return report;
}

/** Name of the place in the queue: a later call for the same file, node, network and author takes it over. */
export function slotOf({ path, node, network, author }: Pick<Intent, 'path' | 'node' | 'network' | 'author'>): string {
  return digest([path, node, network, author]);
}

export function pendingLine(intent: Intent, reason: string) {
  return { event: 'pending', slot: slotOf(intent), intent, reason } as const;
}

export function waitingOf(intent: Intent, reason: string): Waiting {
  return { path: intent.path, reason, slot: slotOf(intent) };
}

function progressText(report: PublishReport): string {
  const parts = [`${report.published} published`];
  if (report.unchanged > 0) parts.push(`${report.unchanged} unchanged`);
  const failed = report.pending.length + report.refused.length + report.skipped.length;
  if (failed > 0) parts.push(`${failed} not`);
  return parts.join(', ');
}

function passagesOf(batch: readonly Planned[]): number {
  return batch.reduce((sum, { document }) => sum + document.passages.length, 0);
}

/** What is to be published of a file, part by part; nothing when it holds no text, which the report says. */
async function* plan(job: Job, run: Run): AsyncGenerator<Planned> {
  const { publisher, facts, report } = run;
  const { path, origin, markdown, options } = job.intent;
  const before = publisher.journal.bySource(sourceOf(path, 0, facts));
  const columns = before === undefined || job.said.has('columns') ? options.columns : before.options.columns;
  let part = 0;
  try {
    const { encoding, left, parts } = await openFile({ path, origin, markdown, columns }, publisher.partCharacters);
    if (encoding !== 'UTF-8') report.encodings.push({ path, encoding });
    if (left.length > 0) report.unread.push({ path, left });
    for (const { passages, last } of parts) {
      if (passages.length > 0) yield planPart(passages, part, part === 0 && last, job, run);
      if (passages.length > 0) part++;
    }
    if (part === 0) throw new CosmicError('input.empty', origin);
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    const standing = part === 0 ? standingOf(path, run) : [];
    // Emptied is as good as gone; what cannot be read any more may be meant to stay.
    if (error.code === 'input.empty' && standing.length > 0) report.gone.push({ path, ids: standing });
    const still = standing.length === 0 ? '' : `; what was published of it still answers: ${standing.join(' ')}`;
    report.skipped.push({ path, reason: `${error.message}${still}` });
    publisher.journal.add([{ event: 'closed', slot: slotOf(job.intent) }]);
  }
}

function planPart(
  passages: readonly FilePassage[],
  part: number,
  whole: boolean,
  job: Job,
  { publisher, facts, report, taken }: Run,
): Planned {
  const { path, origin, options } = job.intent;
  const asked: Document = { path, origin, part, passages, options };
  const names = namesOf(asked, facts);
  const { journal, gone } = publisher;
  const own = journal.bySource(names.source);
  const movedFrom =
    own === undefined ? gone?.find((line) => line.content === names.content && !taken.has(line)) : undefined;
  if (movedFrom !== undefined) {
    taken.add(movedFrom);
    report.moved.push({ from: movedFrom.path, to: path, ids: movedFrom.ids });
  }
  const before = own ?? movedFrom;
  // A part that is new says what the file's first part says.
  const alike = before ?? (part > 0 ? journal.bySource(sourceOf(path, 0, facts)) : undefined);
  const document = inherit(asked, job, alike, report);
  return { document, job, whole, own, before, movedFrom, ...namesOf(document, facts) };
}

/** All parts of a file have been done: it waits no longer, unless one of them does. */
function closeParts({ intent }: Job, parts: number, { publisher: { journal }, report }: Run): void {
  const { path } = intent;
  report.parts.push({ path, parts });
  if (!report.pending.some((one) => one.path === path)) journal.add([{ event: 'closed', slot: slotOf(intent) }]);
}

/** Blocks of a file, all its parts, that this home has published there and not withdrawn. */
function standingOf(path: string, { publisher: { journal }, facts }: Run): string[] {
  const ids: string[] = [];
  for (let part = 0; ; part++) {
    const line = journal.bySource(sourceOf(path, part, facts));
    if (line === undefined) return ids;
    if (!journal.isWithdrawn(line.ids)) ids.push(...line.ids);
  }
}

/** Parts that the file had once and has no more. */
function formerParts(path: string, parts: number, { publisher: { journal }, facts, report }: Run): void {
  // What was not read to its end may have them still.
  if (report.skipped.some((one) => one.path === path)) return;
  for (let part = parts; ; part++) {
    const line = journal.bySource(sourceOf(path, part, facts));
    if (line === undefined) return;
    if (!journal.isWithdrawn(line.ids)) report.gone.push({ path: `${path} (part ${part + 1})`, ids: line.ids });
  }
}

/** What this call does not say of a document stays as it was: forgetting `--tag` or `--no-text` changes nothing. */
function inherit(
  asked: Document,
  { said }: Job,
  alike: Pick<PublishedLine, 'path' | 'origin' | 'options'> | undefined,
  report: PublishReport,
): Document {
  if (alike === undefined) return asked;
  const before = alike.options;
  const options = {
    ...asked.options,
    ...(said.has('tags') ? {} : { tags: before.tags }),
    ...(said.has('language') ? {} : { language: before.language }),
    ...(said.has('text') ? {} : { text: before.text }),
    ...(said.has('dtype') ? {} : { dtype: before.dtype }),
    ...(said.has('columns') ? {} : { columns: before.columns }),
  };
  const origin = alike.path === asked.path ? alike.origin : asked.origin;
  if (JSON.stringify([options, origin]) !== JSON.stringify([asked.options, asked.origin])) report.kept++;
  return { ...asked, origin, options };
}

/** Asks the node for documents that this home knows nothing of: what it has of them counts as their earlier publication. */
async function withFound(batch: readonly Planned[], run: Run): Promise<Planned[]> {
  const { publisher, facts, report } = run;
  const { client, journal } = publisher;
  const unknown = batch.filter(({ before }) => before === undefined);
  if (unknown.length === 0) return [...batch];
  const ours = new Set(journal.publishedAt(whereOf(facts)).flatMap(({ ids }) => ids));
  const documents = unknown.map(({ document }) => document);
  const there = (await standingAs(documents, client, facts)).filter(({ id }) => !ours.has(id));
  if (there.length === 0) return [...batch];
  return Promise.all(
    batch.map(async (planned) => {
      if (planned.before !== undefined) return planned;
      const found = await foundOf(planned.document, there, client);
      const { path } = planned.document;
      // The other parts of a long file have its name, too.
      if (planned.whole && found.namesakes.length > 0) report.namesakes.push({ path, ids: found.namesakes });
      const alike = found.earlier && { path, ...found.earlier };
      const document = inherit(planned.document, planned.job, alike, report);
      return { ...planned, document, found, ...namesOf(document, facts) };
    }),
  );
}

async function publishBatch(given: readonly Planned[], run: Run): Promise<void> {
  const { publisher, report } = run;
  const { journal, outbox } = publisher;
  const batch = await withFound(given, run);
  dropUnsent(batch, run);
  const wanted = await wantedOf(batch, run);
  const ready: { planned: Planned; parcel: Parcel }[] = [];
  const toEmbed: Planned[] = [];
  for (const planned of wanted) {
    const parcel = outbox.get(parcelName(planned, run));
    if (parcel === undefined) toEmbed.push(planned);
    else ready.push({ planned, parcel });
  }
  for (const made of await makeAll(toEmbed, run)) {
    const name = parcelName(made.planned, run);
    const parcel = outbox.claim(name, made.parcel);
    // Another call may have finished with this document since it was looked at.
    journal.refresh();
    if (
      parcel === made.parcel &&
      journal.bySource(made.planned.source) !== made.planned.own &&
      isCurrent(made.planned, journal)
    ) {
      outbox.drop(name);
      report.unchanged++;
    } else ready.push({ planned: made.planned, parcel });
  }
  if (ready.length === 0) return;
  const answers = await publisher.client.publish(
    ready.flatMap(({ parcel }) => parcel.wires),
    publisher.signal === undefined ? {} : { signal: publisher.signal },
  );
  let at = 0;
  journal.add(
    ready.flatMap(({ planned, parcel }) => sent(planned, parcel, answers.slice(at, (at += parcel.wires.length)), run)),
  );
  for (const { planned } of ready) outbox.drop(parcelName(planned, run));
  await settleBeside(ready, run);
}

/**
 * Another call, at the same time, has published other things of the same documents: whoever was noted down last withdraws
 * what the other has published, so that one stands, as if one call had come after the other.
 */
async function settleBeside(
  ready: readonly { readonly planned: Planned; readonly parcel: Parcel }[],
  { publisher }: Run,
): Promise<void> {
  const { client, journal, identity, now } = publisher;
  const ids = ready.flatMap(({ planned: { source }, parcel }) =>
    journal.bySource(source)?.ids[0] === parcel.line.ids[0] ? journal.besides(source) : [],
  );
  await withdraw(ids, identity.author, client, journal, now);
}

/** What the journal says of a document that the node has answered. */
function sent(planned: Planned, parcel: Parcel, answers: readonly Accepted[], run: Run): JournalLine[] {
  const { report, publisher } = run;
  const { journal } = publisher;
  const refusal = refusalOf(answers);
  if (refusal !== undefined) {
    report.refused.push({ path: planned.document.path, reason: refusal });
    return planned.whole ? [{ event: 'closed', slot: slotOf(planned.job.intent) }] : [];
  }
  const { line, rows, wires } = parcel;
  const { ids, recipe } = line;
  if (planned.before !== undefined && journal.isWithdrawn(planned.before.ids)) report.republished++;
  const moved = planned.movedFrom === undefined ? [] : [{ event: 'moved' as const, ids: planned.movedFrom.ids }];
  report.published++;
  if (recipe.supersedes.length > 0 && planned.movedFrom === undefined) report.superseding++;
  report.blocks += ids.length;
  report.vectors += rows;
  report.bytes += wires.reduce((sum, wire) => sum + wire.length, 0);
  report.ids.push(...ids);
  noteLanguage(planned, run);
  return [...moved, publishedLine(planned, ids, recipe)];
}

/** Words find such a text and meaning hardly does: whoever publishes it is told, for nobody else would ever know. */
function noteLanguage({ document }: Planned, { publisher, report }: Run): void {
  const { space } = publisher.embedder;
  const language = foreignLanguage(document.passages.map(({ text }) => text).join('\n'), space);
  if (language !== undefined) report.foreign.push({ path: document.path, language, advice: otherEmbedder(space) });
}

function publishedLine(planned: Planned, ids: readonly string[], recipe: Recipe): PublishedLine {
  const { source, input, content, where, document, job } = planned;
  const { path, part, origin, options } = document;
  return {
    event: 'published',
    ...(planned.whole ? { slot: slotOf(job.intent) } : {}),
    ...(part === 0 ? {} : { part }),
    source,
    input,
    content,
    where,
    path,
    origin,
    options,
    ids,
    recipe,
  };
}

/** One parcel for each document and node. */
function parcelName({ input }: Planned, { facts }: Run): string {
  return digest([input, facts.node]);
}

/** What an earlier call had sent and could not note down any more, of the files of this call. */
async function settleSent(jobs: readonly Job[], { publisher, facts }: Run): Promise<void> {
  const { journal, outbox, client } = publisher;
  const paths = new Set(jobs.map(({ intent }) => intent.path));
  const where = whereOf(facts);
  for (const { name, parcel } of outbox.all()) {
    if (!paths.has(parcel.line.path) || parcel.line.where !== where || !(await hasAll(client, parcel.line.ids)))
      continue;
    journal.add([parcel.line]);
    outbox.drop(name);
  }
}

/** What was never sent of a file as it was, now that it says something else. */
function dropUnsent(batch: readonly Planned[], { publisher: { outbox } }: Run): void {
  const inputs = new Map(batch.map(({ source, input }) => [source, input]));
  for (const { name, parcel } of outbox.all()) {
    const input = inputs.get(parcel.line.source);
    if (input !== undefined && input !== parcel.line.input) outbox.drop(name);
  }
}

/** Is what the journal knows last of this file just what it says now? */
function isCurrent({ source, input, document }: Planned, journal: Journal): boolean {
  const line = journal.bySource(source);
  return (
    line?.input === input &&
    !journal.isWithdrawn(line.ids) &&
    journal.besides(source).length === 0 &&
    (document.options.timeMs === undefined || document.options.timeMs === line.recipe.timeMs)
  );
}

/** Documents that are not on the node yet as they are now. */
async function wantedOf(batch: readonly Planned[], run: Run): Promise<Planned[]> {
  const { publisher, report } = run;
  const seen = new Set<string>();
  const fates = await Promise.all(batch.map((planned) => fateOf(planned, run)));
  return batch.filter((planned, i) => {
    const fate = fates[i]!;
    if (fate === 'unchanged') {
      report.unchanged++;
      publisher.journal.add(
        planned.whole && publisher.journal.pending().some(({ slot }) => slot === slotOf(planned.job.intent))
          ? [{ event: 'closed', slot: slotOf(planned.job.intent) }]
          : [],
      );
      return false;
    }
    if (fate !== 'wanted') {
      report.skipped.push({ path: planned.document.path, reason: fate });
      return false;
    }
    // Two files of one name with the same words are one document.
    if (seen.has(planned.input)) report.unchanged++;
    return !seen.has(planned.input) && seen.add(planned.input);
  });
}

async function fateOf(planned: Planned, run: Run): Promise<string> {
  const { client, journal } = run.publisher;
  if (isCurrent(planned, journal)) {
    const { ids } = journal.bySource(planned.source)!;
    if (!(await hasAll(client, ids))) return 'wanted';
    const by = await withdrawal(client, ids);
    if (by === undefined) return 'unchanged';
    if (by.rel === 'supersedes') return `a newer version was published elsewhere: ${by.by}`;
    journal.add([{ event: 'retracted', ids }]);
    return 'wanted';
  }
  if (planned.before !== undefined) return 'wanted';
  const newer = planned.found?.newer;
  if (newer !== undefined) return `a newer version was published elsewhere: ${newer}`;
  // This home knows nothing of the file there: perhaps it came another way, or the journal was lost.
  const known = journal.byInput(planned.input);
  if (known !== undefined && !journal.isWithdrawn(known.ids) && (await hasAll(client, known.ids))) {
    if ((await withdrawal(client, known.ids)) !== undefined) return 'wanted';
    journal.add([publishedLine(planned, known.ids, known.recipe)]);
    return 'unchanged';
  }
  return isAdopted(planned, planned.document, run) ? 'unchanged' : 'wanted';
}

/** Is the document what the node has of it already? Then it is noted down as published. */
function isAdopted(planned: Planned, document: Document, { publisher, report }: Run): boolean {
  const { found } = planned;
  if (found?.earlier === undefined || found.beside.length > 0) return false;
  if (!saysAll(found.earlier, document, publisher.embedder.space)) return false;
  publisher.journal.add([publishedLine(planned, found.earlier.ids, found.earlier.recipe)]);
  report.adopted++;
  return true;
}

async function hasAll(client: NodeClient, ids: readonly string[]): Promise<boolean> {
  return (await Promise.all(ids.map((id) => client.has(id)))).every(Boolean);
}

/** Why one of the blocks stands no longer, where its own author said so; undefined when all do, or nobody can tell. */
async function withdrawal(
  client: NodeClient,
  ids: readonly string[],
): Promise<{ readonly rel: string; readonly by: string } | undefined> {
  for (const id of ids) {
    const found = await withdrawalOf(client, id);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function makeAll(wanted: readonly Planned[], run: Run): Promise<{ planned: Planned; parcel: Parcel }[]> {
  if (wanted.length === 0) return [];
  const { publisher, report } = run;
  const { embedder, identity, journal } = publisher;
  const embedded = await embedDocuments(
    wanted.map(({ document }) => document.passages.map(({ text }) => text)),
    { embedder, report, signal: publisher.signal, down: run.down },
  );
  const made: { planned: Planned; parcel: Parcel }[] = [];
  for (const [i, planned] of wanted.entries()) {
    const outcome = embedded[i]!;
    if (outcome.status === 'pending') {
      if (outcome.down) run.down = outcome.reason;
      report.pending.push(waitingOf(planned.job.intent, outcome.reason));
      journal.add([pendingLine(planned.job.intent, outcome.reason)]);
      continue;
    }
    const kept = planned.document.passages.filter((_, row) => outcome.vectors[row] !== undefined);
    const rows = outcome.vectors.filter((vector): vector is Float32Array => vector !== undefined);
    if (rows.length === 0) {
      report.skipped.push({ path: planned.document.path, reason: 'input.empty' });
      continue;
    }
    const document = { ...planned.document, passages: kept };
    if (isAdopted(planned, document, run)) {
      report.unchanged++;
      continue;
    }
    const recipe = await recipeFor(planned, partition(document, embedder.space).length, publisher);
    const blocks = await makeBlocks(document, rows, embedder.space, recipe, identity.author);
    made.push({ planned, parcel: parcelOf(planned, recipe, blocks, rows.length) });
  }
  return made;
}

function parcelOf(planned: Planned, recipe: Recipe, blocks: readonly CreatedBlock[], rows: number): Parcel {
  const line = publishedLine(
    planned,
    blocks.map(({ id }) => id),
    recipe,
  );
  return { line, rows, wires: blocks.map(({ wire }) => wire) };
}

/** The earlier recipe where the same blocks may be made again: the same input, not withdrawn, superseding what this node knows. */
async function recipeFor(
  { input, source, before, found, document }: Planned,
  parts: number,
  { identity, journal, client, now }: Publisher,
): Promise<Recipe> {
  const earlier = journal.byInput(input);
  const beside = [...journal.besides(source), ...(found?.earlier?.ids ?? []), ...(found?.beside ?? [])];
  const { timeMs } = document.options;
  if (
    earlier !== undefined &&
    beside.length === 0 &&
    earlier.recipe.salts.length === parts &&
    !journal.isWithdrawn(earlier.ids) &&
    (timeMs === undefined || timeMs === earlier.recipe.timeMs) &&
    (before === undefined || before.input === input) &&
    (await hasAll(client, earlier.recipe.supersedes))
  )
    return earlier.recipe;
  return {
    timeMs: timeMs ?? now(),
    salts: Array.from({ length: parts }, () => toHex(identity.author.salt())),
    supersedes: [...(before === undefined || journal.isWithdrawn(before.ids) ? [] : before.ids), ...beside],
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
