import { CosmicError, type Clock, type Embedder } from '@cosmicembeddings/sdk';
import { createEmbedder, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import type { Log } from '../log.js';

export interface Embedders {
  ready(): Promise<Embedder[]>;
  /** Those of this process that were opened. */
  own(): Promise<Embedder[]>;
  /** That of one configuration; undefined where it cannot be opened now. */
  of(config: EmbedderConfig): Promise<Embedder | undefined>;
  notes(): string[];
}

/** How long an embedder that could not be opened is left alone. */
const REOPEN_MS = 30_000;

/** Embedders load when first asked for; one that cannot is named in the status, left out, and tried again later. */
export function openEmbedders(configs: readonly EmbedderConfig[], clock: Pick<Clock, 'now'>, log: Log): Embedders {
  const slots = configs.map((one) => ({
    one,
    opened: undefined as Embedder | undefined,
    note: '',
    triedMs: -Infinity,
  }));
  const open = async (slot: (typeof slots)[number]): Promise<void> => {
    if (slot.opened !== undefined || clock.now() - slot.triedMs < REOPEN_MS) return;
    slot.triedMs = clock.now();
    try {
      slot.opened = await createEmbedder(slot.one, nodeEmbedderHost);
      slot.note = '';
    } catch (error) {
      const detail = error instanceof CosmicError ? error.message : String(error);
      slot.note = `embedder ${JSON.stringify(slot.one)}: ${detail}`;
      log.warn({ embedder: slot.one, detail }, 'embedder left out for now');
    }
  };
  let opening: Promise<unknown> = Promise.resolve();
  return {
    ready: async () => {
      opening = opening.then(() => Promise.all(slots.map(open)));
      await opening;
      return slots.flatMap(({ opened }) => (opened === undefined ? [] : [opened]));
    },
    of: async (config) => {
      const slot = slots.find(({ one }) => JSON.stringify(one) === JSON.stringify(config));
      if (slot !== undefined) await (opening = opening.then(() => open(slot)));
      return slot?.opened;
    },
    // Never opened for the sake of a check alone.
    own: () =>
      Promise.resolve(
        slots.flatMap(({ one, opened }) => (opened === undefined || one.type === 'openai' ? [] : [opened])),
      ),
    notes: () => slots.map(({ note }) => note).filter((note) => note !== ''),
  };
}
