import type { EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import type { FaultList, Pressure } from './follow/index.js';
import { openHome, type Home } from './index/home/index.js';
import type { NodeConfig } from './operate/config.js';
import type { Embedders } from './search/embedders.js';

/** All that questions are embedded by: a space in which texts are embedded here is one to be asked, too. */
export function embeddersOf({ embedders, home }: Pick<NodeConfig, 'embedders' | 'home'>): readonly EmbedderConfig[] {
  const known = new Map([...embedders, ...home].map((one) => [JSON.stringify(one), one]));
  return [...known.values()];
}

/** Undefined where the settings name none, or one of them cannot be opened now: what was made before stays for the next start. */
export async function startHome(
  config: NodeConfig,
  embedders: Embedders,
  parts: { readonly pressure: Pressure; readonly faults: FaultList; readonly engine: string },
): Promise<Home | undefined> {
  const opened = await Promise.all(
    config.home.map(async (one) => ({ config: one, embedder: await embedders.of(one) })),
  );
  const ready = opened.flatMap(({ config, embedder }) => (embedder === undefined ? [] : [{ config, embedder }]));
  if (ready.length < opened.length) return undefined;
  return openHome({
    folder: config.data,
    engine: config.index,
    storeEngine: parts.engine,
    plugins: config.plugins,
    guard: config.guard,
    pressure: parts.pressure,
    faults: parts.faults,
    embedders: ready,
  });
}
