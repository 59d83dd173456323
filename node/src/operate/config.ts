import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { parseEmbedderConfig, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import type { Coverage } from '@cosmicembeddings/sdk/filter';
import type { LogLevel } from '../log.js';
import type { Budgets } from '../door/budgets.js';
import { isLoopback, type Scope } from '../http/access.js';
import type { Policy } from '../door/admission.js';
import { readSettings, whatIsSet, type SettingSchema } from '../json-schema.js';
import {
  configuredAddress,
  meetingOf,
  parsePeerRules,
  peerTlsOf,
  subscriptionsOf,
  type MeetingRules,
  type PeerRules,
  type PeerTls,
} from '../sync/index.js';
import type { BackupRules } from './backups/index.js';
import { parseRespond, type RespondRules } from './respond/index.js';
import type { RetentionRules } from './retention.js';
import { settings } from './settings.js';
import type { TraceRules } from './traces.js';

/** Everything a node can be told. What each is, its default and its bounds stand in `settings.ts`. */
export interface NodeConfig {
  /** Data folder; the node owns it alone. */
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly network: string;
  readonly peers: readonly string[];
  readonly peerRules: PeerRules;
  readonly meeting: MeetingRules;
  /** What is kept of what peers bring; undefined: everything. */
  readonly subscriptions: Coverage;
  readonly relayBytesPerSecond: number;
  readonly peerTls: PeerTls | undefined;
  readonly plugins: readonly string[];
  readonly embedders: readonly EmbedderConfig[];
  /** Spaces in which this node embeds texts for itself. */
  readonly home: readonly EmbedderConfig[];
  readonly policy: Policy;
  readonly retention?: RetentionRules;
  readonly backup?: BackupRules;
  readonly store: 'auto' | 'better-sqlite3' | 'node:sqlite' | 'wasm';
  readonly index: 'auto' | 'usearch' | 'hnswlib' | 'exact';
  readonly verifier: 'auto' | 'sodium' | 'node' | 'portable';
  readonly verifyWorkers: number;
  readonly requestMaxBytes: number;
  readonly inFlightMax: number;
  readonly inFlightMaxBytes: number;
  readonly publishingMax: number;
  readonly waitingMax: number;
  readonly waitMs: number;
  readonly connectionsMax: number;
  readonly headersMs: number;
  readonly idleMs: number;
  readonly slowMs: number;
  readonly hosts: readonly string[];
  readonly cors: readonly string[];
  readonly budgets: Budgets;
  readonly respond: RespondRules;
  readonly dataMaxBytes: number;
  readonly freeMinBytes: number;
  readonly demand: readonly Scope[];
  readonly trustLoopback: boolean;
  readonly requestsPerMinute: number;
  readonly peerKeys: Readonly<Record<string, string>>;
  readonly guard: boolean;
  readonly maps: boolean;
  readonly receipts: boolean;
  readonly attest: number;
  readonly translators: readonly string[];
  readonly weights?: { readonly vectors?: number; readonly words?: number };
  readonly traces?: TraceRules;
  readonly log: LogLevel;
}

const properties: Readonly<Record<Exclude<keyof NodeConfig, 'data'>, SettingSchema>> = settings;
export const settingsSchema: SettingSchema = { type: 'object', additionalProperties: false, properties };

/** A path is relative to the file that names it, or to where the command was given. */
function besideFile(name: string, folder: string): string {
  return name.startsWith('.') ? resolve(folder, name) : name;
}

/** Settings as they are written, before those that name files or several forms are read. */
type Written = Omit<
  NodeConfig,
  'data' | 'peerRules' | 'meeting' | 'subscriptions' | 'peerTls' | 'respond' | 'embedders' | 'home'
> & {
  readonly subscriptions?: readonly unknown[];
  readonly peerTls?: unknown;
  readonly meeting: unknown;
  readonly respond: unknown;
  readonly peerRules: unknown;
  readonly embedders: readonly unknown[];
  readonly home: readonly unknown[];
};

/**
 * Settings of a node: defaults, then `<data>/config.json`, then what the command line gave. What is empty is not set.
 * @throws CosmicError config.malformed with the setting's name
 */
export async function loadConfig(
  given: Partial<Record<keyof NodeConfig, unknown>> & { readonly data: string },
): Promise<NodeConfig> {
  const data = resolve(given.data);
  const file = await readConfigFile(join(data, 'config.json'));
  const { data: _, ...told } = given;
  // An empty text of the command line leaves what the file says.
  const ofFile = whatIsSet(settingsSchema, file, 'values');
  const ofCommand = whatIsSet(settingsSchema, told, 'texts');
  const peerRules = { ...(ofFile['peerRules'] as object), ...(ofCommand['peerRules'] as object) };
  const meeting = { ...(ofFile['meeting'] as object), ...(ofCommand['meeting'] as object) };
  const written: Written = readSettings(settingsSchema, { ...ofFile, ...ofCommand, peerRules, meeting });
  const peerTls = peerTlsOf(written.peerTls);
  for (const [i, peer] of written.peers.entries()) configuredAddress(`peers.${i}`, peer);
  return {
    ...written,
    data,
    peerRules: parsePeerRules(written.peerRules),
    meeting: meetingOf(written.meeting),
    respond: parseRespond(written.respond),
    subscriptions: subscriptionsOf(written.subscriptions),
    peerTls,
    plugins: written.plugins.map((one) => besideFile(one, ofCommand['plugins'] === undefined ? data : '.')),
    embedders: written.embedders.map(parseEmbedderConfig),
    home: written.home.map(homeEmbedder),
  };
}

/** What strangers wrote is sent to no service, and costs nobody money. @throws CosmicError config.malformed */
function homeEmbedder(value: unknown): EmbedderConfig {
  const config = parseEmbedderConfig(value);
  const url = config.type === 'openai' ? config.url : undefined;
  const hostname = url === undefined ? 'localhost' : new URL(url).hostname;
  if (hostname !== 'localhost' && !isLoopback(hostname))
    throw new CosmicError('config.malformed', `home: ${url} is not on this machine; texts of others stay here`);
  return config;
}

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CosmicError('config.malformed', `${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new SyntaxError('expected an object');
  } catch (error) {
    throw new CosmicError('config.malformed', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
