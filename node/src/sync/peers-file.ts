import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { replaceFile } from '../store/durable.js';
import type { ReputationFile } from './reputation.js';

/** Where the addresses that an operator added are kept between runs. */
export interface PeerList {
  load(): Promise<readonly string[]>;
  save(addresses: readonly string[]): Promise<void>;
}

/** `reputation.json` of a data folder: scores and bans. One that cannot be read is started anew; it holds nothing that was asked for. */
export function reputationFile(folder: string): ReputationFile {
  const path = join(folder, 'reputation.json');
  return {
    load: async () => {
      const text = await readFile(path, 'utf8').catch(() => '');
      return (parsed(text) as { entries?: unknown } | undefined)?.entries;
    },
    save: async (entries) => replaceFile(path, `${JSON.stringify({ version: 1, entries })}\n`),
  };
}

/** `peers.json` of a data folder, replaced as a whole. @throws CosmicError store.corrupt when it cannot be read */
export function peersFile(folder: string): PeerList {
  const path = join(folder, 'peers.json');
  return {
    load: async () => {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw new CosmicError('store.corrupt', `${path}: ${(error as Error).message}; remove or repair it`);
      }
      const list = parsed(text)?.peers;
      if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
        throw new CosmicError('store.corrupt', `${path} is no list of peers; remove or repair it`);
      return list;
    },
    save: async (addresses) => replaceFile(path, `${JSON.stringify({ version: 1, peers: addresses }, null, 2)}\n`),
  };
}

function parsed(text: string): { peers?: unknown } | undefined {
  try {
    return JSON.parse(text) as { peers?: unknown };
  } catch {
    return undefined;
  }
}
