import { join } from 'node:path';
import type { KeptFiles } from '../../follow/kept-files.js';
import { keptIn } from '../vectors/kept.js';
import { homeList, spacesListed } from './list.js';

const setting = (): string => 'the setting `home` of this node';
const rows = keptIn('home', setting);

/** Rows that this node made of texts. Their spaces are those of its settings, whether a block is in one or not. */
export const keptHome: KeptFiles = {
  ...rows,
  paths: [...rows.paths, homeList],
  *values(stopped) {
    yield* rows.values(stopped);
    for (const value of spacesListed(join(stopped.folder, homeList)) ?? [])
      yield { where: homeList, value, holder: setting };
  },
};
