import { createInterface } from 'node:readline/promises';
import {
  CosmicError,
  createBlock,
  type Author,
  type Embedder,
  type EmbeddingBody,
  type Ref,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { packRows, spaceIdOf, spaceLabel } from '@cosmicembeddings/sdk/space';
import type { EmbeddingBlock } from '@cosmicembeddings/sdk/api';
import { embedderFor, openEmbedders, spaceCalled } from '../across/rows.js';
import { workOf, type Work } from '../across/work.js';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { note, plural, print, printJson, Refused, UsageError } from '../output.js';
import { interruptible } from '../interrupt.js';
import { progressBar } from '../progress.js';
import { define } from './command.js';

interface ReembedFlags {
  from?: string | undefined;
  to?: string | undefined;
  with?: string[] | undefined;
  price?: number | undefined;
  yes: boolean;
  dryRun: boolean;
  retire: boolean;
}

const EMBED_AT_ONCE = 32;
/** Texts by which the time is estimated. */
const SAMPLE = 8;
/** Characters of a token, as English texts have it. */
const TOKEN_CHARS = 4;

export const reembedCommand = define<ReembedFlags>({
  command: 'reembed',
  describe: 'Publish your blocks of one space in another one, linked to the old ones, which stay until you retire them',
  builder: (yargs) =>
    yargs
      .option('from', { type: 'string', demandOption: true, describe: 'the space of the old blocks, by id or model' })
      .option('to', {
        type: 'string',
        demandOption: true,
        describe: 'the space of the new ones; its embedder has to be here',
      })
      .option('with', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'embedder beside the configured one; may be repeated',
      })
      .option('price', { type: 'number', describe: 'of a service: price of a million tokens, for the estimate' })
      .option('yes', { type: 'boolean', alias: 'y', default: false, describe: 'go on without asking' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'estimate only' })
      .option('retire', {
        type: 'boolean',
        default: false,
        describe: 'retract the old blocks whose new ones are all there',
      })
      .example('cosmic reembed --from old-model --to builtin/english-1', 'again after a crash: goes on'),
  run: async (args, settings) => {
    if (args.price !== undefined && !(args.price >= 0)) throw new UsageError('--price: a number from 0 on');
    const client = openClient(settings);
    const { author, did } = await openIdentity(settings);
    const embedders = await openEmbedders(settings, args.with ?? []);
    const [from, to] = [
      await spaceCalled(args.from!, client, embedders),
      await spaceCalled(args.to!, client, embedders),
    ];
    if (spaceIdOf(from) === spaceIdOf(to)) throw new UsageError(`--to: ${spaceLabel(to)} is the space of --from`);
    const work = await workOf(client, spaceIdOf(from), spaceIdOf(to), { did, network: settings.network });
    if (args.retire) return retire(work, { client, author, args, json: settings.json });
    const embedder = embedderFor(to, embedders);
    if (embedder === undefined)
      throw new CosmicError('space.mismatch', `no embedder here makes ${spaceLabel(to)}; name one with --with`);
    const estimate = await estimateOf(work, embedder, args.price);
    if (settings.json && args.dryRun) return printJson(estimate);
    if (!settings.json || !args.yes) sayEstimate(estimate, spaceLabel(from), spaceLabel(to));
    if (args.dryRun || work.open.length === 0)
      return settings.json ? printJson({ ...estimate, published: 0 }) : undefined;
    if (!args.yes) await confirm(`Publish ${plural(work.open.length, 'block')}?`);
    const bar = progressBar('re-embedding');
    let [published, rows, cuts, empty] = [0, 0, 0, 0];
    const remake = async (signal: AbortSignal): Promise<void> => {
      for (const [i, old] of work.open.entries()) {
        signal.throwIfAborted();
        bar(i, work.open.length);
        const made = await remade(old, embedder);
        if (made === undefined) {
          empty++;
          continue;
        }
        cuts += made.cuts;
        const wires = await signed(old, made.vectors, embedder, author);
        for (const answer of await client.publish(wires))
          if (answer.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
        published += wires.length;
        rows += made.vectors.length;
      }
      bar(work.open.length, work.open.length);
    };
    try {
      await interruptible(() => `${plural(published, 'block')} published; call it again, and it goes on`, remake);
    } finally {
      bar.end();
    }
    if (cuts > 0) note(`${plural(cuts, 'text')} longer than the model reads: only the beginning was embedded`);
    if (empty > 0) note(`${plural(empty, 'block')} left as they are: the model finds nothing in one of their texts`);
    if (settings.json) return printJson({ ...estimate, published, publishedRows: rows, empty });
    print(
      `${plural(published, 'block')} with ${plural(rows, 'row')} published; the old ones stay until cosmic reembed --retire`,
    );
  },
});

interface Estimate {
  readonly blocks: number;
  readonly rows: number;
  readonly characters: number;
  readonly tokens: number;
  /** Undefined for a service: trying it would cost. */
  readonly seconds?: number;
  readonly cost?: number;
  readonly done: number;
  readonly silent: number;
}

async function estimateOf(
  { open, done, silent }: Work,
  embedder: Embedder,
  price: number | undefined,
): Promise<Estimate> {
  const texts = open.flatMap(({ body }) => body.texts as readonly string[]);
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const tokens = Math.ceil(characters / TOKEN_CHARS);
  const isService = embedder.space.endpoint !== null || price !== undefined;
  let seconds: number | undefined;
  if (!isService && texts.length > 0) {
    const sample = texts.filter((_, i) => i % Math.ceil(texts.length / SAMPLE) === 0);
    await embedder.embed(sample.slice(0, 1), { role: 'passage' });
    const started = performance.now();
    await embedder.embed(sample, { role: 'passage' });
    seconds = ((performance.now() - started) / 1000 / sample.length) * texts.length;
  }
  return {
    blocks: open.length,
    rows: texts.length,
    characters,
    tokens,
    ...(seconds === undefined ? {} : { seconds }),
    ...(price === undefined ? {} : { cost: (tokens / 1e6) * price }),
    done: done.length,
    silent: silent.length,
  };
}

function sayEstimate({ blocks, rows, tokens, seconds, cost, done, silent }: Estimate, from: string, to: string): void {
  print(`${from} → ${to}`);
  print(`${plural(blocks, 'block')} with ${plural(rows, 'text')}, about ${tokens} tokens; ${done} done before`);
  print(
    `time: ${seconds === undefined ? 'not known, a service is not tried for it' : seconds < 1 ? 'under a second' : `about ${Math.ceil(seconds)} s`}`,
  );
  print(`cost: ${cost === undefined ? 'none here; what a service charges --price tells' : cost.toFixed(4)}`);
  if (silent > 0) note(`${plural(silent, 'block')} left as they are: not every row of theirs carries its text`);
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError('nobody is there to ask: say --yes');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refused();
}

/** Undefined where the model finds nothing in one of the texts. */
async function remade(
  { body }: EmbeddingBlock,
  embedder: Embedder,
): Promise<{ vectors: Float32Array[]; cuts: number } | undefined> {
  const texts = body.texts as readonly string[];
  const vectors: Float32Array[] = [];
  let cuts = 0;
  for (let at = 0; at < texts.length; at += EMBED_AT_ONCE) {
    const made = await embedder
      .embed(texts.slice(at, at + EMBED_AT_ONCE), { role: 'passage' })
      .catch((error: unknown) => {
        if (error instanceof CosmicError && error.code === 'input.empty') return undefined;
        throw error;
      });
    if (made === undefined) return undefined;
    vectors.push(...made.vectors);
    cuts += made.truncated.filter(Boolean).length;
  }
  return { vectors, cuts };
}

/** All that the old block says with the new vectors: one block, or halves of it where it has become too large. */
async function signed(
  { id, body }: EmbeddingBlock,
  vectors: readonly Float32Array[],
  embedder: Embedder,
  author: Author,
): Promise<Uint8Array[]> {
  const dtype = body.embedding.dtype === 'b1' ? 'f32' : body.embedding.dtype;
  const links: Ref[] = [
    { rel: 'translates', id },
    ...(body.linked_blocks as readonly { rel: string; id: { readonly text: string } }[])
      .filter(({ rel, id: other }) => rel !== 'translates' || other.text !== id)
      .map(({ rel, id: other }) => ({ rel, id: other.text })),
  ].slice(0, 256);
  const part = async (start: number, end: number): Promise<Uint8Array[]> => {
    const fields: EmbeddingBody = {
      ...own(body),
      space: embedder.space,
      embedding: packRows(vectors.slice(start, end), dtype),
      input_reference: body.input_reference.slice(start, end),
      texts: body.texts!.slice(start, end),
      ...(body.metadata === undefined ? {} : { metadata: body.metadata.slice(start, end) }),
    };
    try {
      const block = await createBlock(
        { kind: 'embedding/1', fields, tags: body.tags, links, timeMs: Date.now() },
        author,
      );
      return [block.wire];
    } catch (error) {
      if (!(error instanceof CosmicError) || error.code !== 'block.too_large' || end - start < 2) throw error;
      const middle = (start + end) >> 1;
      return [...(await part(start, middle)), ...(await part(middle, end))];
    }
  };
  return part(0, vectors.length);
}

function own({
  salt: _salt,
  tags: _tags,
  linked_blocks: _links,
  ...rest
}: EmbeddingBlock['body'] & { salt?: unknown }): EmbeddingBody {
  return rest as EmbeddingBody;
}

const RETRACTS_AT_ONCE = 16;

async function retire(
  { done, open, silent }: Work,
  { client, author, args, json }: { client: NodeClient; author: Author; args: ReembedFlags; json: boolean },
): Promise<void> {
  if (!json)
    print(`${plural(done.length, 'old block')} to retire; ${open.length + silent.length} without successors stay`);
  if (args.dryRun || done.length === 0)
    return json ? printJson({ retired: [], staying: open.length + silent.length }) : undefined;
  if (!args.yes) await confirm(`Retract ${plural(done.length, 'block')}?`);
  for (let at = 0; at < done.length; at += RETRACTS_AT_ONCE) {
    const refs = done.slice(at, at + RETRACTS_AT_ONCE).map((id) => ({ rel: 'retracts', id }));
    const block = await createBlock(
      { kind: 'retract/1', fields: { reason: 're-embedded in another space' }, refs, timeMs: Date.now() },
      author,
    );
    const [answer] = await client.publish([block.wire]);
    if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
  }
  if (json) printJson({ retired: done, staying: open.length + silent.length });
  else print(`${plural(done.length, 'block')} retired`);
}
