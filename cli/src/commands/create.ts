import { writeFileSync } from 'node:fs';
import { CosmicError, portableChecks, toJson, utf8, inspect } from '@cosmicembeddings/sdk';
import { createEmbedder, parseEmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { BlockBuilder, CosmicValidator, dumps, Signer } from '@cosmicembeddings/sdk/python';
import { identityOf, openKey } from '../keys/author.js';
import { openEmbedder } from '../embedder.js';
import { momentOf, type MomentFlags } from '../moment.js';
import { note, print, shortDid, UsageError } from '../output.js';
import { readText } from '../publish/read-text.js';
import { modelSetting, type Settings } from '../settings.js';
import { define, momentFlags } from './command.js';

interface CreateFlags extends MomentFlags {
  model?: string | undefined;
  content?: string | undefined;
  inputFile?: string | undefined;
  outputFile?: string | undefined;
  metadata?: string[] | undefined;
  sign: boolean;
  validate: boolean;
  format: '1' | '2';
}

export const createCommand = define<CreateFlags>({
  command: 'create',
  describe: 'Make one signed block from a text and print or save it, without publishing',
  examples: [
    [
      "cosmic create --content 'The kiln fires at 1240 °C.' --output-file block.cbor",
      'a signed block in a file; no node is asked',
    ],
  ],
  builder: (yargs) =>
    momentFlags(
      yargs
        .option('model', {
          type: 'string',
          describe: 'embedder, as --embedder; a bare name is a model of sentence-transformers',
        })
        .option('content', { type: 'string', describe: 'the text' })
        .option('input-file', { type: 'string', describe: 'a file with the text' })
        .option('output-file', {
          type: 'string',
          alias: 'o',
          describe: 'save the block here: bytes for .cbor, JSON otherwise',
        })
        .option('metadata', {
          type: 'string',
          array: true,
          describe: 'key=value…; tags=a,b become tags, origin=… the source',
        })
        .option('sign', { type: 'boolean', default: false, describe: 'sign it (a block of version 2 always is)' })
        .option('validate', {
          type: 'boolean',
          default: false,
          describe: 'add the sky (version 1) and check the result',
        })
        .option('format', {
          type: 'string',
          choices: ['1', '2'] as const,
          default: '2' as const,
          describe: 'version of the block: 1 is the Python project’s own',
        }),
    ),
  run: async (args, settings) => {
    const text = textOf(args);
    const builder = new BlockBuilder({
      embedder: await embedderOf(args, settings),
      clock: { now: () => momentOf(args, settings).timeMs ?? Date.now() },
      ...(args.model === undefined ? {} : { modelName: args.model }),
    });
    if (args.format === '1') return save(await legacyBlock(text, args, settings, builder), args.outputFile);
    const { seed } = await openKey(settings);
    const identity = identityOf(seed, settings.network);
    const { place } = momentOf(args, settings);
    const draft = await builder.createBlock(text, metadataOf(args), place);
    const { id, wire } = await Signer.fromSeed(seed).signDraft(draft, identity.author);
    if (args.validate) check(wire, settings);
    save(args.outputFile?.endsWith('.cbor') === true ? wire : utf8(`${toJson(wire)}\n`), args.outputFile);
    note(`${id}, signed by ${shortDid(identity.did)}`);
  },
});

function textOf(args: CreateFlags): string {
  if (args.content !== undefined && args.inputFile !== undefined)
    throw new UsageError('give --content or --input-file, not both');
  const text = args.inputFile === undefined ? args.content : readText(args.inputFile).text.trim();
  if (text === undefined) throw new UsageError('give the text with --content or --input-file');
  if (text.trim() === '') throw new CosmicError('input.empty', args.inputFile ?? '--content');
  return text;
}

function embedderOf(args: CreateFlags, settings: Settings): ReturnType<typeof openEmbedder> {
  if (args.model === undefined) return openEmbedder(settings);
  return createEmbedder(parseEmbedderConfig(modelSetting(args.model)), nodeEmbedderHost);
}

function metadataOf({ metadata = [] }: CreateFlags): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  for (const item of metadata) {
    const at = item.indexOf('=');
    if (at <= 0) throw new UsageError(`--metadata ${item}: write key=value`);
    const [key, value] = [item.slice(0, at), item.slice(at + 1)];
    values[key] = key === 'tags' ? value.split(',').filter((tag) => tag !== '') : value;
  }
  return values;
}

/** As the Python tools make them: signed only when asked, the sky added after that. */
async function legacyBlock(
  text: string,
  args: CreateFlags,
  settings: Settings,
  builder: BlockBuilder,
): Promise<Uint8Array> {
  let block = await builder.createLegacyBlock(text, metadataOf(args));
  if (args.sign) block = Signer.fromSeed((await openKey(settings)).seed).signBlock(block);
  if (args.validate) {
    const validator = new CosmicValidator(args.latitude ?? 0, args.longitude ?? 0, args.elevation ?? 0, {
      clock: { now: () => Date.now() },
    });
    const { block: stamped, result } = validator.validateBlock(block);
    if (!result[0]) throw new CosmicError('sky.mismatch', result[1]);
    block = stamped;
  }
  return utf8(`${dumps(block)}\n`);
}

function check(wire: Uint8Array, settings: Settings): void {
  const failed = inspect(wire, portableChecks(settings.network)).checks.find((finding) => !finding.ok);
  if (failed !== undefined) throw new CosmicError(failed.code ?? 'block.malformed', failed.detail ?? failed.name);
}

function save(bytes: Uint8Array, file: string | undefined): void {
  if (file === undefined || file === '-') return print(new TextDecoder().decode(bytes).trimEnd());
  writeFileSync(file, bytes);
  note(`written to ${file}`);
}
