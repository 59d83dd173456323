import type { SpaceReport } from '@cosmicembeddings/sdk';
import { languagesOf } from '@cosmicembeddings/sdk/embedders';
import { openClient } from '../node-client.js';
import { plain, plural, print, printJson } from '../output.js';
import { paint } from '../paint.js';
import { define } from './command.js';

export const spacesCommand = define<object>({
  command: 'spaces',
  describe: 'The spaces of a node: rows, siblings, translators, what the node can embed, and what speaks against them',
  examples: [['cosmic spaces', 'which models, how many rows, what can be asked in words']],
  run: async (_args, settings) => {
    const spaces = await openClient(settings).spaces();
    if (settings.json) return printJson({ spaces });
    if (spaces.length === 0) print('no space: nothing has a vector here, and the node has no embedder');
    for (const space of spaces) print(spaceText(space));
  },
});

export function spaceText(report: SpaceReport): string {
  const { id, space, rows, siblings, embedder, home, background, honesty, translators } = report;
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
