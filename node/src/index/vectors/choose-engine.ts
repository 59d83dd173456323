import type { ChosenEngine, EngineSetting } from './graph.js';

/** Loads the engine that the setting names; a native package that is not there is a note, not an error. */
export async function chooseEngine(
  setting: EngineSetting,
  options: { readonly threads?: number } = {},
): Promise<ChosenEngine> {
  if (setting === 'exact') return { name: 'exact' };
  const notes: string[] = [];
  for (const name of setting === 'auto' ? (['usearch', 'hnswlib'] as const) : [setting]) {
    try {
      const graph =
        name === 'usearch'
          ? await (await import('./usearch.js')).usearchEngine(options.threads)
          : await (await import('./hnswlib.js')).hnswlibEngine();
      return { name, graph, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) };
    } catch (error) {
      notes.push(`index engine ${name} does not load (${firstLine(error)})`);
    }
  }
  return {
    name: 'exact',
    note: `${notes.join('; ')}: searching exactly, which is slower beyond some ten thousand rows`,
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
