import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  checkAny,
  corePlugins,
  CosmicError,
  createBlock,
  createRegistry,
  decodeBody,
  kindHeader,
  openBlock,
  portableChecks,
  readBody,
  translatorKind,
  type TranslatorBody,
} from '@cosmicembeddings/sdk';
import { spaceIdOf, spaceLabel, spaceNamed, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import {
  fitTranslator,
  translatorFields,
  verifyTranslator,
  type Fitted,
  type Pair,
  type Quality,
} from '@cosmicembeddings/sdk/translators';
import { pairsOnNode } from '@cosmicembeddings/sdk/api';
import { pairsOfFiles } from '../across/pairs.js';
import { openEmbedders, spaceCalled } from '../across/rows.js';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { note, plural, print, printJson, Refused, shortDid, UsageError } from '../output.js';
import { progressBar } from '../progress.js';
import type { Settings } from '../settings.js';
import { define } from './command.js';

const ACTIONS = ['fit', 'verify', 'list'] as const;

interface TranslatorFlags {
  action: (typeof ACTIONS)[number];
  id?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  pairs?: string[] | undefined;
  fromEmbedder?: string | undefined;
  toEmbedder?: string | undefined;
  texts: number;
  outputFile?: string | undefined;
}

export const translatorCommand = define<TranslatorFlags>({
  command: 'translator <action> [id]',
  describe: 'Fit a translator between two spaces, run the evaluation of one again, or list those on the node',
  builder: (yargs) =>
    yargs
      .positional('action', { choices: ACTIONS, demandOption: true, describe: 'what to do' })
      .positional('id', { type: 'string', describe: 'verify: id of the block, or a file that holds it' })
      .option('from', { type: 'string', describe: 'fit: the space that is translated, by id or model' })
      .option('to', { type: 'string', describe: 'fit: the space into which; list: those into this one' })
      .option('pairs', {
        type: 'string',
        array: true,
        nargs: 2,
        describe: 'two .npy files, the same texts in the same order; instead of the node’s rows',
      })
      .option('from-embedder', { type: 'string', describe: 'embedder of --from, beside the configured one' })
      .option('to-embedder', { type: 'string', describe: 'embedder of --to, beside the configured one' })
      .option('texts', {
        type: 'number',
        default: 5000,
        describe: 'fit: pairs beyond which no more texts are embedded',
      })
      .option('output-file', {
        type: 'string',
        alias: 'o',
        describe: 'fit: write the block here instead of publishing it',
      })
      .example('cosmic translator fit --from all-minilm-l6-v2-256 --to builtin/english-1', '')
      .example('cosmic translator verify bafy…', ''),
  run: async (args, settings) => {
    if (args.action === 'list') return list(args, settings);
    if (args.action === 'verify') return verify(args, settings);
    return fit(args, settings);
  },
});

async function list({ to }: TranslatorFlags, settings: Settings): Promise<void> {
  const client = openClient(settings);
  // A space of which no rows are here can be one that translators lead into.
  const space = to === undefined ? undefined : await spaceIdCalled(to, settings).catch(orUndefined('space.unknown'));
  const { result } = await client.view('translators', 'all', {
    ...(space === undefined ? {} : { to: space }),
    limit: 1000,
  });
  const all = result as {
    translators: readonly {
      id: string;
      author: string;
      fromModel: string;
      toModel: string;
      method: string;
      anchors: number;
      recallE6: number;
    }[];
  };
  const translators = all.translators.filter(
    ({ toModel }) => to === undefined || space !== undefined || toModel === to,
  );
  if (settings.json) return printJson({ ...all, translators });
  if (translators.length === 0)
    print(`no translators${to === undefined ? '' : ` into ${to}`}; cosmic translator fit makes one`);
  for (const one of translators)
    print(
      `${one.id}  ${one.fromModel} → ${one.toModel}  ${one.method}, ${plural(one.anchors, 'anchor')}, recall@10 ${(one.recallE6 / 1e6).toFixed(2)} as ${shortDid(one.author)} says`,
    );
}

function orUndefined(code: string): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof CosmicError && error.code === code) return undefined;
    throw error;
  };
}

async function spaceIdCalled(name: string, settings: Settings): Promise<string> {
  return spaceIdOf(await spaceCalled(name, openClient(settings), []));
}

async function fit(args: TranslatorFlags, settings: Settings): Promise<void> {
  if (args.from === undefined || args.to === undefined) throw new UsageError('say --from SPACE and --to SPACE');
  if (args.id !== undefined) throw new UsageError(`fit takes no ${args.id}: say --from SPACE and --to SPACE`);
  if (!Number.isSafeInteger(args.texts) || args.texts < 0) throw new UsageError('--texts: a whole number from 0 on');
  if (args.pairs !== undefined && args.pairs.length !== 2) throw new UsageError('--pairs takes two files, once');
  const { author, did } = await openIdentity(settings);
  const client = openClient(settings);
  const offline = args.pairs !== undefined && args.outputFile !== undefined;
  const embedders = await openEmbedders(settings, [args.fromEmbedder, args.toEmbedder]);
  let pairs: readonly Pair[];
  let spaces: { readonly from: SpaceDescriptor; readonly to: SpaceDescriptor };
  if (args.pairs !== undefined) {
    pairs = await pairsIn(args.pairs);
    const dims = [pairs[0]?.from.length ?? 0, pairs[0]?.to.length ?? 0];
    const named = async (name: string, of: number): Promise<SpaceDescriptor> => {
      const space = await spaceCalled(name, offline ? undefined : client, embedders).catch((error: unknown) => {
        // What is not known by name is a model of which nothing else is known.
        if (error instanceof CosmicError && error.code === 'space.unknown' && !/several/.test(error.detail))
          return spaceNamed(name, of);
        throw error;
      });
      if (space.dims !== of)
        throw new CosmicError('space.dims_mismatch', `${spaceLabel(space)}: its rows have ${of} numbers`);
      return space;
    };
    spaces = { from: await named(args.from, dims[0]!), to: await named(args.to, dims[1]!) };
  } else {
    spaces = {
      from: await spaceCalled(args.from, client, embedders),
      to: await spaceCalled(args.to, client, embedders),
    };
    const progress = progressBar('embedding texts of the other space');
    const found = await interruptible(
      () => 'nothing was published; call it again to begin anew',
      (signal) =>
        pairsOnNode(client, spaces.from, spaces.to, embedders, { texts: args.texts }, (done, total) => {
          signal.throwIfAborted();
          progress(done, total);
        }),
    ).finally(() => progress.end());
    note(`${plural(found.inBoth, 'text')} in both spaces on the node, ${found.embedded} more embedded here`);
    pairs = found.pairs;
  }
  if (spaceIdOf(spaces.from) === spaceIdOf(spaces.to)) throw new UsageError('--from and --to are one space');
  const fitting = progressBar('fitting');
  const fitted = fitTranslator(pairs, spaces, { onStep: (what, step, of) => fitting(step, of, what) });
  fitting.end();
  const block = await createBlock(
    { kind: 'translator/1', fields: translatorFields(fitted), timeMs: Date.now() },
    author,
  );
  if (args.outputFile !== undefined) writeFileSync(args.outputFile, block.wire);
  else {
    const publish = (): ReturnType<typeof client.publish> => client.publish([block.wire]);
    // Fitting keeps this thread from seeing that the node has closed the idle connection; twice published is once stored.
    const [answer] = await publish().catch((error: unknown) => {
      if (error instanceof CosmicError && error.code === 'node.unreachable') return publish();
      throw error;
    });
    if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
  }
  if (settings.json) return printJson({ id: block.id, author: did, bytes: block.wire.length, ...reportOf(fitted) });
  print(block.id);
  print(
    `${spaceLabel(spaces.from)} → ${spaceLabel(spaces.to)}: ${fitted.parameters.method}, ${plural(fitted.anchors.references.length, 'anchor')}, ${Math.ceil(block.wire.length / 1024)} KiB`,
  );
  print(`held out: ${qualityText(fitted.quality)}`);
  for (const { name, ...quality } of fitted.domains) print(`  ${name}: ${qualityText(quality)}`);
  for (const one of fitted.tried)
    print(
      `  ${one.method}${one.width === undefined ? '' : ` (width ${one.width})`}: recall@10 ${one.recall.toFixed(3)} in cross-validation`,
    );
}

function reportOf({ parameters, anchors, quality, domains, nearness, tried }: Fitted): Record<string, unknown> {
  return { method: parameters.method, anchors: anchors.references.length, quality, domains, nearness, tried };
}

function qualityText({ n, recall, cosine, agreement }: Quality): string {
  return `recall@10 ${recall.toFixed(3)}, cosine ${cosine.toFixed(3)}, agreement ${agreement.toFixed(3)} on ${plural(n, 'text')}`;
}

async function verify(args: TranslatorFlags, settings: Settings): Promise<void> {
  const { id } = args;
  if (id === undefined) throw new UsageError('say which: cosmic translator verify ID');
  const { body, author, block } = await translatorOf(id, settings);
  const pairs = args.pairs === undefined ? undefined : await pairsIn(args.pairs);
  if (pairs !== undefined && pairs[0] !== undefined)
    if (pairs[0].from.length !== body.from.dims || pairs[0].to.length !== body.to.dims)
      throw new CosmicError(
        'space.dims_mismatch',
        `--pairs: ${pairs[0].from.length} and ${pairs[0].to.length} numbers, the translator maps ${body.from.dims} to ${body.to.dims}`,
      );
  const proof = verifyTranslator(body, pairs);
  if (settings.json) printJson({ id: block, author, ...proof });
  else {
    print(`${spaceLabel(body.from)} → ${spaceLabel(body.to)}: ${body.method}, by ${shortDid(author)}`);
    print(`stated:   ${qualityText(proof.stated)}`);
    print(`measured: ${qualityText(proof.measured)}${proof.own === true ? ', on your own pairs' : ''}`);
    print(proof.agrees ? 'agrees' : `disagrees: ${proof.faults.join('; ')}`);
    if (proof.agrees && proof.own !== true) note('Its author chose these texts; --pairs tries it on yours.');
  }
  if (!proof.agrees) throw new Refused();
}

/** Two files as they were named; says what is left out of them. */
async function pairsIn([from, to]: readonly string[]): Promise<readonly Pair[]> {
  const { pairs, leftOut } = await pairsOfFiles(from!, to!);
  if (leftOut.length > 0)
    note(
      `left out: ${plural(leftOut.length, 'row')} all zero, or with a number that is none (${leftOut.slice(0, 5).join(', ')}${leftOut.length > 5 ? ', …' : ''}, from 0)`,
    );
  if (pairs.length === 0) throw new UsageError('--pairs: there is no row in both that can be used');
  return pairs;
}

async function translatorOf(
  id: string,
  settings: Settings,
): Promise<{ readonly body: TranslatorBody; readonly author: string; readonly block: string }> {
  const isFile = existsSync(id);
  const wire = isFile ? new Uint8Array(readFileSync(id)) : (await openClient(settings).get(id))?.wire;
  if (wire === undefined) throw new CosmicError('block.not_found', id);
  const checked = checkAny(wire, portableChecks(settings.network));
  if (checked.status === 'rejected') throw new CosmicError(checked.code, checked.detail);
  if (!isFile && checked.id !== id)
    throw new CosmicError('block.malformed', `the node gave another block than asked: ${checked.id}`);
  const opened = openBlock(wire);
  const { entry } = checked;
  if (opened.status === 'rejected' || opened.block.body === null || entry.kind !== 'translator/1')
    throw new CosmicError('kind.malformed', `${id} is no translator: its kind is ${entry.kind}`);
  const decoded = decodeBody(opened.block.body);
  if (decoded.status === 'rejected') throw new CosmicError(decoded.code, decoded.detail);
  const kind = createRegistry(corePlugins).kind(translatorKind.name)!;
  const parsed = readBody(kind, kindHeader(opened.block.header), decoded.body, opened.block.body.length);
  if (!parsed.ok) throw new CosmicError(parsed.code, parsed.detail);
  return { body: parsed.body as TranslatorBody, author: entry.author, block: checked.id };
}
