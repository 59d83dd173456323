import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type NodeClient } from '@cosmicembeddings/sdk/api';
import type { Settings } from './settings.js';

const OTHER_MS = 10_000;

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

/** A node that others told of: no token of the settings is meant for it. */
export function openOther(url: string): NodeClient {
  return createClient({ url, timeoutMs: OTHER_MS });
}

/** As `openClient` with the operator's token: as set, else from the data folder of the node that runs here. */
export function openOperatorClient(settings: Settings): NodeClient {
  return openClient(asOperator(settings));
}

export function asOperator(settings: Settings): Settings {
  return { ...settings, token: settings.token ?? tokenOf(settings.data) };
}

function tokenOf(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'token'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
