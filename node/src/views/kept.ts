import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptFiles } from '../follow/kept-files.js';

const FOLDER = 'views';

/** Views hold what bodies said, and nothing else is quicker than to make them anew. */
export const keptViews: KeptFiles = {
  paths: [FOLDER],
  forget: async ({ folder }) => {
    const path = join(folder, FOLDER);
    const names = existsSync(path) ? readdirSync(path) : [];
    for (const name of names) rmSync(join(path, name), { recursive: true, force: true });
    return names.length === 0 ? [] : [FOLDER];
  },
  leftovers: () => [],
  values: () => [],
  deadSpace: () => [],
  compact: () => undefined,
};
