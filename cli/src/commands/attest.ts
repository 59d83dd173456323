import { createHash } from 'node:crypto';
import { checkAny, CosmicError, createBlock, portableChecks, type Embedder } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { attestationOf, type Attestation } from '@cosmicembeddings/sdk/translators';
import { spaceIdOf, spaceLabel } from '@cosmicembeddings/sdk/space';
import { embeddingOf, type EmbeddingBlock } from '@cosmicembeddings/sdk/api';
import { embedderFor, openEmbedders } from '../across/rows.js';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { errorLine, note, plural, print, printJson, Refused, UsageError } from '../output.js';
import { progressBar } from '../progress.js';
import type { Settings } from '../settings.js';
import { define } from './command.js';

interface AttestFlags {
  ids: string[];
  with?: string[] | undefined;
  tolerance?: number | undefined;
  dryRun: boolean;
}

export const attestCommand = define<AttestFlags>({
  command: 'attest <ids..>',
  describe: 'Compute the vectors of blocks anew from their texts, and sign whether they are the same',
  examples: [
    ['cosmic attest bafy…', 'sign whether its vectors are those of its texts'],
    ['cosmic attest bafy… --dry-run', 'say, and sign nothing'],
  ],
  builder: (yargs) =>
    yargs
      .positional('ids', { type: 'string', array: true, demandOption: true, describe: 'ids of blocks with texts' })
      .option('with', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'embedder beside the configured one; may be repeated',
      })
      .option('tolerance', { type: 'number', describe: 'least cosine that agrees; 0.98 when left out' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'compute and say, publish nothing' }),
  run: async (args, settings) => {
    const { tolerance } = args;
    if (tolerance !== undefined && !(tolerance > 0 && tolerance <= 1))
      throw new UsageError('--tolerance: above 0, up to 1');
    const client = openClient(settings);
    const { author, did } = await openIdentity(settings);
    const embedders = await openEmbedders(settings, args.with ?? []);
    const said: unknown[] = [];
    let failed = false;
    const progress = progressBar('attesting');
    const attestAll = async (signal: AbortSignal): Promise<void> => {
      for (const [at, id] of args.ids.entries()) {
        signal.throwIfAborted();
        progress(at, args.ids.length);
        try {
          const { block, by } = await blockOf(client, id, settings);
          if (by === did) throw new CosmicError('attest.own', id);
          const found = await attest(block, embedders, tolerance);
          const { fields } = found;
          const made = args.dryRun
            ? undefined
            : await createBlock(
                { kind: 'attest/1', fields, refs: [{ rel: 'attests', id }], timeMs: Date.now() },
                author,
              );
          if (made !== undefined) {
            const [answer] = await client.publish([made.wire]);
            if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
          }
          said.push({ id, attestation: made?.id ?? null, ...fields });
          if (!settings.json)
            print(
              `${id} ${found.agrees ? 'agrees' : 'DISAGREES'}: cosine ${found.cosine.toFixed(4)} on ${found.rows} of ${block.body.embedding.rows} rows${made === undefined ? '' : `, signed in ${made.id}`}`,
            );
        } catch (error) {
          if (!(error instanceof CosmicError) || error.code === 'node.unreachable') throw error;
          failed = true;
          said.push({ id, error: { code: error.code, detail: error.detail } });
          if (!settings.json) note(errorLine(error.code, error.detail));
        }
      }
    };
    await interruptible(
      () =>
        `${said.length} of ${plural(args.ids.length, 'block')} looked at, what was signed stays; call it again with the others`,
      attestAll,
    ).finally(() => progress.end());
    if (settings.json) printJson({ author: did, attestations: said });
    if (failed) throw new Refused();
  },
});

async function blockOf(
  client: NodeClient,
  id: string,
  { network }: Settings,
): Promise<{ block: EmbeddingBlock; by: string }> {
  const view = await client.get(id);
  if (view === undefined) throw new CosmicError('block.not_found', id);
  const checked = checkAny(view.wire, portableChecks(network));
  if (checked.status === 'rejected') throw new CosmicError(checked.code, checked.detail);
  if (checked.id !== id)
    throw new CosmicError('block.malformed', `the node gave another block than asked: ${checked.id}`);
  const block = embeddingOf(view.wire);
  if (block === undefined)
    throw new CosmicError('attest.no_input', `${id} is no embedding block with its body (${checked.entry.kind})`);
  return { block: { id, ...block }, by: checked.entry.author };
}

async function attest(
  block: EmbeddingBlock,
  embedders: readonly Embedder[],
  tolerance: number | undefined,
): Promise<Attestation> {
  const { space } = block.body;
  const embedder = embedderFor(space, embedders);
  if (embedder === undefined)
    throw new CosmicError(
      'space.mismatch',
      `its vectors are of ${spaceLabel(space)} (${spaceIdOf(space)}); embedders here are for ${embedders.map((one) => spaceLabel(one.space)).join('; ') || 'none'}`,
    );
  return attestationOf(block.body, embedder, {
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    ...(tolerance === undefined ? {} : { tolerance }),
  });
}
