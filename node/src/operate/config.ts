import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CosmicError, DEV_NETWORK } from '@cosmicembeddings/sdk';
import { parseEmbedderConfig, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import type { LogLevel } from '../log.js';
import { parseBudgets, type Budgets } from '../door/budgets.js';
import { scopes, type Scope } from '../http/access.js';
import { parsePolicy, type Policy } from '../door/admission.js';
import { parsePeerRules, type PeerRules } from '../sync/rules.js';
import { parseRetention, type RetentionRules } from './retention.js';

/** Everything a node can be told. Defaults are here and nowhere else. */
export interface NodeConfig {
  /** Data folder; the node owns it alone. */
  readonly data: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly network: string;
  readonly peers: readonly string[];
  readonly peerRules: PeerRules;
  readonly plugins: readonly string[];
  readonly embedders: readonly EmbedderConfig[];
  readonly policy: Policy;
  /** What is erased after a time or beyond a size, while the node runs. */
  readonly retention: RetentionRules | undefined;
  readonly store: 'auto' | 'better-sqlite3' | 'node:sqlite' | 'wasm';
  readonly index: 'auto' | 'usearch' | 'hnswlib' | 'exact';
  readonly verifier: 'auto' | 'sodium' | 'node' | 'portable';
  readonly verifyWorkers: number;
  /** Largest body of one HTTP request, bytes; a streamed import has no limit. */
  readonly requestMaxBytes: number;
  readonly inFlightMax: number;
  readonly inFlightMaxBytes: number;
  /** Requests to publish that are served at a time; more wait up to `waitMs`, at most `waitingMax` of them, and are refused then. */
  readonly publishingMax: number;
  readonly waitingMax: number;
  readonly waitMs: number;
  /** Open connections, peers included. */
  readonly connectionsMax: number;
  /** Connections are cut whose request headers take longer, that stand idle longer, or whose body or answer stands still longer. */
  readonly headersMs: number;
  readonly idleMs: number;
  readonly slowMs: number;
  /** Names, besides addresses and `localhost`, under which the node may be asked; pages of these origins may use it. */
  readonly hosts: readonly string[];
  readonly cors: readonly string[];
  /** How much storage whom is given. */
  readonly budgets: Budgets;
  /** The data folder's size and the disk's free space beyond which blocks are refused. */
  readonly dataMaxBytes: number;
  readonly freeMinBytes: number;
  /** What visitors from beyond this machine need a key for, and how often each may ask. */
  readonly demand: readonly Scope[];
  readonly trustLoopback: boolean;
  readonly requestsPerMinute: number;
  /** Keys with which this node connects to peers that demand one, by their address. */
  readonly peerKeys: Readonly<Record<string, string>>;
  readonly guard: boolean;
  readonly weights: { readonly vectors: number; readonly words: number } | undefined;
  readonly log: LogLevel;
}

const DEFAULTS = {
  host: '127.0.0.1',
  port: 8080,
  network: DEV_NETWORK,
  peers: [],
  plugins: [],
  store: 'auto',
  index: 'auto',
  verifier: 'auto',
  verifyWorkers: 2,
  requestMaxBytes: 64 * 1024 * 1024,
  inFlightMax: 4096,
  inFlightMaxBytes: 128 * 1024 * 1024,
  publishingMax: 256,
  waitingMax: 4096,
  waitMs: 1_000,
  connectionsMax: 4096,
  headersMs: 15_000,
  idleMs: 72_000,
  slowMs: 30_000,
  hosts: [],
  cors: [],
  dataMaxBytes: Number.MAX_SAFE_INTEGER,
  freeMinBytes: 512 * 1024 * 1024,
  demand: [],
  trustLoopback: true,
  requestsPerMinute: 6_000,
  peerKeys: {},
  guard: true,
  log: 'info',
} as const;

const KEYS = new Set([
  ...Object.keys(DEFAULTS),
  'peerRules',
  'embedders',
  'policy',
  'budgets',
  'retention',
  'weights',
  'data',
]);

/** A path is relative to the file that names it, or to where the command was given. */
function besideFile(name: string, folder: string): string {
  return name.startsWith('.') ? resolve(folder, name) : name;
}

/**
 * Settings of a node: defaults, then `<data>/config.json`, then what the command line gave.
 * @throws CosmicError config.malformed with the setting's name
 */
export async function loadConfig(
  given: Partial<Record<keyof NodeConfig, unknown>> & { readonly data: string },
): Promise<NodeConfig> {
  const data = resolve(given.data);
  const file = await readConfigFile(join(data, 'config.json'));
  const merged: Record<string, unknown> = { ...DEFAULTS, ...file };
  for (const [key, value] of Object.entries(given))
    if (value !== undefined) merged[key] = key === 'peerRules' ? { ...(file[key] ?? {}), ...value } : value;
  for (const key of Object.keys(merged))
    if (!KEYS.has(key)) throw new CosmicError('config.malformed', `${key}: unknown setting`);
  const embedders = list(merged, 'embedders', [
    { type: 'builtin', name: 'english-1' },
    { type: 'builtin', name: 'lexical' },
  ]);
  return {
    data,
    host: text(merged, 'host'),
    port: whole(merged, 'port', 0, 65_535),
    network: text(merged, 'network'),
    peers: list(merged, 'peers').map(String),
    peerRules: parsePeerRules(merged['peerRules']),
    plugins: list(merged, 'plugins').map((one) => besideFile(String(one), given.plugins === undefined ? data : '.')),
    embedders: embedders.map(parseEmbedderConfig),
    policy: parsePolicy(merged['policy']),
    retention: merged['retention'] === undefined ? undefined : parseRetention(merged['retention']),
    store: choice(merged, 'store', ['auto', 'better-sqlite3', 'node:sqlite', 'wasm']),
    index: choice(merged, 'index', ['auto', 'usearch', 'hnswlib', 'exact']),
    verifier: choice(merged, 'verifier', ['auto', 'sodium', 'node', 'portable']),
    verifyWorkers: whole(merged, 'verifyWorkers', 1, 64),
    requestMaxBytes: whole(merged, 'requestMaxBytes', 1024, 2 ** 40),
    inFlightMax: whole(merged, 'inFlightMax', 1, 1e6),
    inFlightMaxBytes: whole(merged, 'inFlightMaxBytes', 2 ** 23, 2 ** 40),
    publishingMax: whole(merged, 'publishingMax', 1, 1e6),
    waitingMax: whole(merged, 'waitingMax', 0, 1e6),
    waitMs: whole(merged, 'waitMs', 0, 3_600_000),
    connectionsMax: whole(merged, 'connectionsMax', 1, 1e6),
    headersMs: whole(merged, 'headersMs', 100, 3_600_000),
    idleMs: whole(merged, 'idleMs', 100, 86_400_000),
    slowMs: whole(merged, 'slowMs', 100, 3_600_000),
    hosts: list(merged, 'hosts').map((host) => hostName(host)),
    cors: list(merged, 'cors').map((origin) => originOf(origin)),
    budgets: parseBudgets(merged['budgets']),
    dataMaxBytes: whole(merged, 'dataMaxBytes', 0, Number.MAX_SAFE_INTEGER),
    freeMinBytes: whole(merged, 'freeMinBytes', 0, Number.MAX_SAFE_INTEGER),
    demand: list(merged, 'demand').map((scope) =>
      scopes.includes(scope as Scope) ? (scope as Scope) : bad('demand', `scopes of ${scopes.join(', ')}`, scope),
    ),
    trustLoopback: merged['trustLoopback'] !== false,
    requestsPerMinute: whole(merged, 'requestsPerMinute', 1, 1e9),
    peerKeys: texts(merged, 'peerKeys'),
    guard: choice(merged, 'guard', [true, false]),
    weights: merged['weights'] as NodeConfig['weights'],
    log: choice(merged, 'log', ['silent', 'error', 'warn', 'info', 'debug']),
  };
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

type Settings = Readonly<Record<string, unknown>>;

function bad(name: string, expected: string, value: unknown): never {
  throw new CosmicError('config.malformed', `${name}: expected ${expected}, got ${JSON.stringify(value)}`);
}

function text(settings: Settings, name: string): string {
  const value = settings[name];
  return typeof value === 'string' ? value : bad(name, 'text', value);
}

function whole(settings: Settings, name: string, min: number, max: number): number {
  const value = Number(settings[name]);
  return Number.isSafeInteger(value) && value >= min && value <= max
    ? value
    : bad(name, `a whole number in ${min}…${max}`, settings[name]);
}

function choice<T extends string | boolean>(settings: Settings, name: string, allowed: readonly T[]): T {
  const value = settings[name] as T;
  return allowed.includes(value) ? value : bad(name, `one of ${allowed.join(', ')}`, value);
}

function hostName(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,253}$/.test(value)
    ? value
    : bad('hosts', 'host names without a port, such as "node.example"', value);
}

function originOf(value: unknown): string {
  return typeof value === 'string' && (value === '*' || /^https?:\/\/[^/\s]+$/.test(value))
    ? value
    : bad('cors', 'origins such as "https://app.example", or "*"', value);
}

function texts(settings: Settings, name: string): Readonly<Record<string, string>> {
  const value = settings[name];
  const fits =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === 'string');
  return fits ? (value as Record<string, string>) : bad(name, 'an object of texts', value);
}

function list(settings: Settings, name: string, otherwise: readonly unknown[] = []): readonly unknown[] {
  const value = settings[name] ?? otherwise;
  return Array.isArray(value) ? (value as unknown[]) : bad(name, 'a list', value);
}
