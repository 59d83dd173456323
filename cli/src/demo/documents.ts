import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectInputs } from '../publish/inputs.js';
import type { Input } from '../publish/inputs.js';
import type { PublishOptions } from '../publish/options.js';

/** A document to publish and how. */
export interface Dealt extends Input {
  readonly options: PublishOptions;
}

/** Folder of the project. */
export const projectFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** Every Markdown file of the project, then what the command line named, dealt out to the agents in turn; each tags with its name. */
export function deal(given: readonly string[], agents: readonly string[]): Dealt[][] {
  const own = collectInputs([projectFolder])
    .inputs.filter((input) => input.markdown && !/(^|\/)dist\//.test(input.origin))
    .map((input) => ({ ...input, origin: relative(projectFolder, input.path) }));
  const paths = new Set(own.map((input) => input.path));
  const inputs = [
    ...own,
    ...(given.length === 0
      ? []
      : collectInputs(given.map((path) => resolve(path))).inputs.filter((input) => !paths.has(input.path))),
  ];
  return agents.map((name, agent) =>
    inputs
      .filter((_, i) => i % agents.length === agent)
      .map((input) => ({ ...input, options: { tags: ['demo', name], text: true, dtype: 'f32' as const } })),
  );
}
