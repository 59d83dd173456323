import { createHash } from 'node:crypto';
import { CosmicError, createBlock, type SpaceReport } from '@cosmicembeddings/sdk';
import { canaryFields, languagesOf } from '@cosmicembeddings/sdk/embedders';
import { spaceLabel } from '@cosmicembeddings/sdk/space';
import { openEmbedders } from '../across/rows.js';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { plain, plural, print, printJson, shortDid, UsageError } from '../output.js';
import { paint } from '../paint.js';
import type { Settings } from '../settings.js';
import { define } from './command.js';

interface SpacesFlags {
  action?: 'canaries' | undefined;
  with?: string[] | undefined;
}

export const spacesCommand = define<SpacesFlags>({
  command: 'spaces [action]',
  describe: 'The spaces of a node: rows, siblings, translators, canaries, what it can embed, what speaks against them',
  builder: (yargs) =>
    yargs
      .positional('action', {
        choices: ['canaries'] as const,
        describe:
          'canaries: embed texts that everybody knows, and sign their vectors, so that others can tell the space',
      })
      .option('with', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'canaries: of this embedder instead of the configured one; may be repeated',
      }),
  examples: [
    ['cosmic spaces', 'which models, how many rows, what can be asked in words'],
    ['cosmic spaces canaries', 'vouch for the space of your embedder'],
  ],
  run: async (args, settings) => {
    if (args.action === 'canaries') return publishCanaries(args.with ?? [], settings);
    if (args.with !== undefined) throw new UsageError('--with goes with cosmic spaces canaries');
    const spaces = await openClient(settings).spaces();
    if (settings.json) return printJson({ spaces });
    if (spaces.length === 0) print('no space: nothing has a vector here, and the node has no embedder');
    for (const space of spaces) print(spaceText(space));
  },
});

export function spaceText(report: SpaceReport): string {
  const { id, space, rows, siblings, embedder, home, background, honesty, canaries, translators } = report;
  const precision = space.precision === null ? '' : ` ${plain(space.precision)}`;
  const can = embedder ? 'this node can embed in it' : 'no embedder here';
  const made =
    home === undefined ? '' : `; ${plural(home.rows, 'text')} embedded here (${Math.ceil(home.memoryBytes / 1e6)} MB)`;
  const languages = languagesOf(space);
  const lines = [
    `${paint('bold', plain(space.model))}${precision}, ${space.dims} dims`,
    `  ${id}`,
    `  ${plural(rows, 'row')} by authors${made}; ${can}`,
    languages === undefined ? '' : `  made for ${languages.join(', ')}${languages.length === 1 ? ' alone' : ''}`,
    `  compared by ${background.of === 'common' ? `${background.n} texts in common with others` : 'its own rows'}`,
    ...siblings.map((one) => `  sibling ${one}`),
    ...translators.map(
      ({ from, method, quality, id: by }) =>
        `  translated into from ${from}, ${plain(method)}, quality ${quality.toFixed(2)} (${by})`,
    ),
    canaryText(canaries),
    honesty.state === 'unknown'
      ? paint('dim', `  too few rows with texts to judge it (${honesty.rows})`)
      : honesty.state === 'honest'
        ? `  its rows behave as vectors of their texts (${honesty.rows} looked at)`
        : '',
    ...honesty.doubts.map(({ why, authors }) =>
      paint('red', `  ⚠ ${plain(why)}${authors === undefined ? '' : `: ${authors.map(plain).join(', ')}`}`),
    ),
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function canaryText({ state, sources }: SpaceReport['canaries']): string {
  const by = sources
    .map(({ author, texts, distance }) => {
      const far = distance === undefined || distance <= 0.005 ? '' : `, 1 − cosine ${distance.toFixed(3)}`;
      return `${author === undefined ? 'the SDK' : shortDid(author)} (${plural(texts, 'text')}${far})`;
    })
    .join(', ');
  switch (state) {
    case 'none':
      return paint('dim', '  no canaries; cosmic spaces canaries publishes some');
    case 'reproduced':
      return `  canaries reproduced by this node’s embedder: of ${by}`;
    case 'vouched':
      return `  canaries of ${by}, not tried here: no embedder`;
    case 'not_reproduced':
      return paint('red', `  ⚠ canaries that this node’s embedder does not reproduce: of ${by}`);
    case 'disputed':
      return paint('red', `  ⚠ canaries that disagree with each other: of ${by}`);
  }
}

async function publishCanaries(named: readonly string[], settings: Settings): Promise<void> {
  const all = await openEmbedders(settings, named);
  const embedders = named.length === 0 ? all : all.slice(0, named.length);
  if (embedders.length === 0) throw new UsageError('no embedder is configured; name one with --with');
  const client = openClient(settings);
  const { author, did } = await openIdentity(settings);
  const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
  const published: { id: string; model: string; texts: number }[] = [];
  for (const embedder of embedders) {
    const fields = await canaryFields(embedder, { sha256 });
    const { wire, id } = await createBlock(
      { kind: 'embedding/1', fields, tags: ['canary'], timeMs: Date.now() },
      author,
    );
    const [answer] = await client.publish([wire]);
    if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
    const texts = fields.input_reference.length;
    published.push({ id, model: embedder.space.model, texts });
    if (!settings.json) print(`${id} vouches for ${spaceLabel(embedder.space)} with ${plural(texts, 'text')}`);
  }
  if (settings.json) printJson({ author: did, canaries: published });
}
