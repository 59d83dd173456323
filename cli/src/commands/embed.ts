import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { openEmbedder } from '../embedder.js';
import { npyOf } from '@cosmicembeddings/sdk/archive';
import { note, print, Refused, UsageError } from '../output.js';
import { readText } from '../publish/read-text.js';
import { define } from './command.js';

interface EmbedFlags {
  text?: string[] | undefined;
  inputFile?: string | undefined;
  lines: boolean;
  space?: string | undefined;
  role: 'query' | 'passage';
  npy?: string | undefined;
}

export const embedCommand = define<EmbedFlags>({
  command: 'embed [text..]',
  describe: 'Embed texts here and print their vectors, without any node',
  builder: (yargs) =>
    yargs
      .positional('text', { type: 'string', array: true, describe: 'the text' })
      .option('input-file', { type: 'string', describe: 'a file to embed as one text' })
      .option('lines', {
        type: 'boolean',
        default: false,
        describe: 'JSON Lines of {"text"} from standard input, {"vector", "space"} out',
      })
      .option('space', { type: 'string', describe: 'id or model name that the vectors have to be of' })
      .option('role', {
        choices: ['query', 'passage'] as const,
        default: 'passage' as const,
        describe: 'what the text is for',
      })
      .option('npy', { type: 'string', describe: 'write the vectors to this NPY file instead' }),
  run: async (args, settings) => {
    const embedder = await openEmbedder(settings);
    const space = spaceIdOf(embedder.space);
    if (args.space !== undefined && args.space !== space && args.space !== embedder.space.model)
      throw new CosmicError(
        'space.mismatch',
        `${args.space} was asked for, the configured embedder makes ${embedder.space.model} (${space})`,
      );
    if (args.lines)
      return args.npy === undefined
        ? answerLines(embedder, space, args.role)
        : writeNpy(await linesOf(), embedder, args.npy, args.role);
    const text = args.inputFile === undefined ? (args.text ?? []).join(' ') : readText(args.inputFile).text;
    if (text.trim() === '') throw new UsageError('give a text, --input-file FILE or --lines');
    if (args.npy !== undefined) return writeNpy([text], embedder, args.npy, args.role);
    const { vectors, truncated } = await embedder.embed([text], { role: args.role });
    if (truncated[0] === true) note('the text is longer than the model reads: only its beginning was embedded');
    print(
      settings.json
        ? JSON.stringify({
            vector: Array.from(vectors[0]!),
            space,
            model: embedder.space.model,
            dims: embedder.space.dims,
          })
        : JSON.stringify(Array.from(vectors[0]!)),
    );
  },
});

async function answerLines(embedder: Embedder, space: string, role: EmbedFlags['role']): Promise<void> {
  let failed = false;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    try {
      const { vectors } = await embedder.embed([textOf(line)], { role });
      print(JSON.stringify({ vector: Array.from(vectors[0]!), space }));
    } catch (error) {
      // A text without a vector is an answer of its own; a broken embedder is not.
      if (!(error instanceof CosmicError) || !(error.code === 'input.empty' || error.code === 'request.malformed'))
        throw error;
      failed = true;
      print(JSON.stringify({ error: { code: error.code, detail: error.detail } }));
    }
  }
  if (failed) throw new Refused();
}

async function linesOf(): Promise<string[]> {
  const texts: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) if (line.trim() !== '') texts.push(textOf(line));
  return texts;
}

function textOf(line: string): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new CosmicError('request.malformed', 'the line is not JSON', { cause });
  }
  const text = (value as { text?: unknown } | null)?.text;
  if (typeof text !== 'string') throw new CosmicError('request.malformed', 'text: expected text');
  return text;
}

async function writeNpy(
  texts: readonly string[],
  embedder: Embedder,
  file: string,
  role: EmbedFlags['role'],
): Promise<void> {
  if (texts.length === 0) throw new CosmicError('input.empty', 'standard input');
  const { vectors } = await embedder.embed(texts, { role });
  writeFileSync(file, npyOf(vectors, embedder.space.dims));
  note(`${vectors.length} × ${embedder.space.dims} float32 written to ${file}`);
}
