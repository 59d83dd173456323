import { existsSync, rmSync } from 'node:fs';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import type { KeptFollower } from '../../follow/kept-follower.js';
import { commonFile, readCommon } from './file.js';

const NAME = 'background.json';

/** Why the file has to go: it holds vectors of texts that were erased, or nobody knows what it holds. */
function leftIn({ folder, upkeep }: Stopped): string | undefined {
  if (!existsSync(commonFile(folder))) return undefined;
  const state = readCommon(folder);
  if (state === undefined) return `${NAME}: it cannot be read, so nobody knows what it holds`;
  const named = new Set([
    ...[state, ...Object.values(state.judged)].flatMap(({ drawn }) => drawn.map(({ id }) => id)),
    ...Object.values(state.vectors).flatMap((of) => Object.keys(of).map((key) => key.split(' ')[0]!)),
  ]);
  const erased = [...named].filter((id) => upkeep.isErased(id)).length;
  return erased === 0 ? undefined : `${NAME}: vectors of ${erased} texts that were erased`;
}

/** Vectors of a sample of texts. */
export const keptCommon: KeptFiles = {
  paths: [NAME],
  forget: async (stopped) => {
    if (leftIn(stopped) === undefined) return [];
    rmSync(commonFile(stopped.folder), { force: true });
    return [NAME];
  },
  *leftovers(stopped) {
    const left = leftIn(stopped);
    if (left !== undefined) yield left;
  },
  values: () => [],
  deadSpace: () => [],
  compact: () => undefined,
};

export const commonFollower: KeptFollower<'background'> = {
  name: 'background',
  // Without it cosines are compared with rows of their own spaces, and answers say so.
  answers: false,
  position: ({ folder }) => {
    const state = readCommon(folder);
    return state && { epoch: state.epoch, seq: state.seq };
  },
  *damage({ folder }) {
    if (existsSync(commonFile(folder)) && readCommon(folder) === undefined) yield `${NAME}: it cannot be read`;
  },
};
