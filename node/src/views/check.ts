import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { coneCursor } from '@cosmicembeddings/sdk/views';
import type { KeptFollower } from '../follow/kept-follower.js';
import { coneFault, readCone } from './cone-file.js';

const folderOf = (folder: string): string => join(folder, 'views');

/** Files of cones, by fingerprint; one that no plug-in needs is removed by the node. */
function conesOf(folder: string): string[] {
  const at = folderOf(folder);
  return existsSync(at) ? readdirSync(at).flatMap((name) => /^(.+)\.sqlite$/.exec(name)?.[1] ?? []) : [];
}

/** All cones of views together: the last of them says how far they answer. */
export const viewsFollower: KeptFollower<'views'> = {
  name: 'views',
  answers: false,
  position: ({ folder, engine }) => {
    const cursors = conesOf(folder).flatMap((fingerprint) => {
      const cone = readCone(folderOf(folder), engine, fingerprint);
      try {
        return (cone && coneCursor(cone.store)) ?? [];
      } finally {
        cone?.close();
      }
    });
    return cursors.sort((a, b) => a.seq - b.seq)[0];
  },
  *damage({ folder, engine }) {
    for (const fingerprint of conesOf(folder)) {
      const path = join(folderOf(folder), `${fingerprint}.sqlite`);
      const fault = coneFault(path, engine);
      if (fault !== undefined) yield `${path}: ${fault}`;
    }
  },
};
