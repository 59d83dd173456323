import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { openEmbedder } from '../embedder.js';
import { npyOf } from '@cosmicembeddings/sdk/archive';
import { interruptible } from '../interrupt.js';
import { note, plural, print, Refused, UsageError } from '../output.js';
import { progressBar } from '../progress.js';
import { readText } from '../publish/read-text.js';
import { define } from './command.js';

/** Texts between two looks at whether Ctrl-C was pressed. */
const AT_ONCE = 64;

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
  examples: [
    ["cosmic embed 'how hot is the kiln?'", 'a vector, as JSON'],
    ['cosmic embed --lines --npy rows.npy < texts.jsonl', 'a matrix of many'],
  ],
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
    noteCuts(truncated[0] === true ? 1 : 0);
    print(
      settings.json
        ? JSON.stringify({
            vector: Array.from(vectors[0]!),
            space,
            model: embedder.space.model,
            dims: embedder.space.dims,
            ...(truncated[0] === true ? { truncated: true } : {}),
          })
        : JSON.stringify(Array.from(vectors[0]!)),
    );
  },
});

async function answerLines(embedder: Embedder, space: string, role: EmbedFlags['role']): Promise<void> {
  let failed = false;
  let cuts = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue;
    try {
      const { vectors, truncated } = await embedder.embed([textOf(line)], { role });
      const cut = truncated[0] === true;
      if (cut) cuts++;
      print(JSON.stringify({ vector: Array.from(vectors[0]!), space, ...(cut ? { truncated: true } : {}) }));
    } catch (error) {
      // A text without a vector is an answer of its own; a broken embedder is not.
      if (!(error instanceof CosmicError) || !(error.code === 'input.empty' || error.code === 'request.malformed'))
        throw error;
      failed = true;
      print(JSON.stringify({ error: { code: error.code, detail: error.detail } }));
    }
  }
  noteCuts(cuts);
  if (failed) throw new Refused();
}

function noteCuts(count: number): void {
  if (count > 0) note(`${plural(count, 'text')} longer than the model reads: only the beginning was embedded`);
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
  const vectors: Float32Array[] = [];
  let cuts = 0;
  const progress = progressBar('embedding');
  await interruptible(
    () => `no ${file} was written; call it again to begin anew`,
    async (signal) => {
      for (let at = 0; at < texts.length; at += AT_ONCE) {
        progress(at, texts.length);
        const made = await embedder.embed(texts.slice(at, at + AT_ONCE), { role, signal });
        // Embedders here hold the thread: what was pressed meanwhile is heard in a turn of the event loop.
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        vectors.push(...made.vectors);
        cuts += made.truncated.filter(Boolean).length;
      }
    },
  ).finally(() => progress.end());
  noteCuts(cuts);
  writeFileSync(file, npyOf(vectors, embedder.space.dims));
  note(`${vectors.length} × ${embedder.space.dims} float32 written to ${file}`);
}
