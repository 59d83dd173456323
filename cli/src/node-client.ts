import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type NodeClient } from '@cosmicembeddings/sdk/api';
import type { Settings } from './settings.js';

/** The node that is meant where one has to be: the first. */
export function firstNode({ node }: Pick<Settings, 'node'>): string {
  return node.split(',', 1)[0]!;
}

/** The node that the settings name, or the several. */
export function openClient(settings: Settings): NodeClient {
  return createClient({
    url: settings.node.split(','),
    now: () => performance.now(),
    token: settings.token,
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    },
  });
}

/** As `openClient` with the operator's token: as set, else from the data folder of the node that runs here. */
export function openOperatorClient(settings: Settings): NodeClient {
  return openClient({ ...settings, token: settings.token ?? tokenOf(settings.data) });
}

function tokenOf(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'token'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
