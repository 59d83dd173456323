import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import Conf from 'conf';
import { CosmicError, DEV_NETWORK } from '@cosmicembeddings/sdk';
import { parseEmbedderConfig, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { addressesOf, numberOf } from './values.js';

/** What every command takes on its command line. */
export interface GlobalFlags {
  readonly home?: string | undefined;
  readonly node?: string | undefined;
  readonly key?: string | undefined;
  readonly network?: string | undefined;
  readonly embedder?: string | undefined;
  readonly data?: string | undefined;
  readonly token?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Degrees and metres, as people write them. */
export interface PlaceSetting {
  readonly latitude: number;
  readonly longitude: number;
  readonly elevation?: number;
  readonly grid?: number;
}

/** What the configuration file holds; `cosmic init` writes it. */
export interface StoredSettings {
  node?: string;
  network?: string;
  key?: string;
  embedder?: EmbedderConfig;
  data?: string;
  place?: PlaceSetting;
  /** The warning before the first publication has been shown. */
  warned?: boolean;
}

/** Settings after the file, then the environment, then the flags have had their say. */
export interface Settings {
  readonly home: string;
  readonly file: string;
  /** Address of the node, or of several with commas between them. */
  readonly node: string;
  readonly network: string;
  /** Path of the author's key file. */
  readonly keyFile: string;
  /** A 32-byte seed in base64 from the environment, which goes before the file. */
  readonly keyText?: string | undefined;
  readonly embedder: EmbedderConfig | undefined;
  /** Data folder of the node that `cosmic node start` runs. */
  readonly data: string;
  readonly token?: string | undefined;
  readonly place?: PlaceSetting | undefined;
  readonly json: boolean;
  readonly stored: Conf<StoredSettings>;
}

const DEFAULT_NODE = 'http://127.0.0.1:8080';

/** @throws CosmicError config.malformed */
export function loadSettings(flags: GlobalFlags, environment: NodeJS.ProcessEnv = process.env): Settings {
  const env = filled(environment);
  const home = resolve(
    flags.home ?? env['COSMIC_HOME'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'cosmicembeddings'),
  );
  const stored = openStored(home);
  const file = filled(stored.store as Readonly<Record<string, unknown>>) as StoredSettings;
  const embedder: unknown =
    flags.embedder ?? env['COSMIC_EMBEDDER'] ?? modelSetting(env['COSMIC_DEFAULT_MODEL']) ?? file.embedder;
  return {
    home,
    file: stored.path,
    node: nodeAddress(flags, env, file),
    network: flags.network ?? env['COSMIC_NETWORK'] ?? file.network ?? DEV_NETWORK,
    keyFile: keyPath(home, flags.key ?? env['COSMIC_KEY'] ?? file.key ?? 'default'),
    keyText: flags.key === undefined ? env['COSMIC_PRIVATE_KEY'] : undefined,
    embedder: embedder === undefined ? undefined : parseEmbedderConfig(embedder),
    data: resolve(flags.data ?? env['COSMIC_DATA'] ?? file.data ?? join(home, 'node')),
    token: flags.token ?? env['COSMIC_TOKEN'],
    place: placeOfEnvironment(env) ?? file.place,
    json: flags.json === true,
    stored,
  };
}

/** What is empty is not set. */
function filled<T>(values: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => typeof value !== 'string' || value.trim() !== ''),
  );
}

function nodeAddress(flags: GlobalFlags, env: NodeJS.ProcessEnv, file: StoredSettings): string {
  const sources = [
    ['--node', flags.node],
    ['COSMIC_API_ENDPOINT', env['COSMIC_API_ENDPOINT']],
    ['COSMIC_NODE', env['COSMIC_NODE']],
    ['node', file.node],
  ] as const;
  const [name, given] = sources.find(([, value]) => value !== undefined) ?? ['', undefined];
  if (given === undefined) return DEFAULT_NODE;
  try {
    return addressesOf(name, given).join(',');
  } catch (error) {
    throw name === '--node' ? error : new CosmicError('config.malformed', (error as Error).message, { cause: error });
  }
}

/** Files with keys and states live here; only their owner may look inside. */
export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
}

function openStored(home: string): Conf<StoredSettings> {
  try {
    const fresh = !existsSync(home);
    const stored = new Conf<StoredSettings>({
      cwd: home,
      configName: 'config',
      configFileMode: 0o600,
      projectName: 'cosmicembeddings',
      schema: storedSchema as never,
      ajvOptions: { allowUnionTypes: true },
    });
    // Reading touches the file, so that a broken one is found here and not in the middle of a command.
    refuseUnknown(stored.store);
    if (fresh && existsSync(home)) chmodSync(home, 0o700);
    return stored;
  } catch (error) {
    throw new CosmicError('config.malformed', `${join(home, 'config.json')}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const text = { type: 'string' };

/** What may stand in the file; what is wrong is refused with the setting's name. */
const storedSchema: Readonly<Record<keyof StoredSettings, object>> = {
  node: text,
  network: text,
  key: text,
  embedder: { type: ['object', 'string'] },
  data: text,
  place: {
    type: 'object',
    additionalProperties: false,
    required: ['latitude', 'longitude'],
    properties: {
      latitude: { type: 'number', minimum: -90, maximum: 90 },
      longitude: { type: 'number', minimum: -180, maximum: 180 },
      elevation: { type: 'number' },
      grid: { type: 'number', exclusiveMinimum: 0 },
    },
  },
  warned: { type: 'boolean' },
};

/** A setting that nobody reads is a mistake, and perhaps meant for a node. */
function refuseUnknown(values: object): void {
  for (const key of Object.keys(values))
    if (!Object.hasOwn(storedSchema, key))
      throw new Error(`${key} is no setting of the command; a node’s settings stand in config.json of its data folder`);
}

/** Writes the file anew and keeps it to its owner, whatever mode it had. */
export function store(settings: Settings, values: Partial<StoredSettings>): void {
  makeHome(settings.home);
  settings.stored.set(values);
  chmodSync(settings.file, 0o600);
}

/** A name stands for a file below `keys`, anything with a slash or dot for itself. */
export function keyPath(home: string, key: string): string {
  return /^[\w-]+$/.test(key) ? join(home, 'keys', `${key}.key`) : resolve(key);
}

/** An embedder by its short name; a bare name is a model of sentence-transformers, as in the Python project. */
export function modelSetting(model: string | undefined): string | undefined {
  return model === undefined || model === '' || /^(builtin|lexical|english-1|multilingual(-1)?)$|:/.test(model)
    ? model || undefined
    : `transformers:${model}`;
}

function placeOfEnvironment(env: NodeJS.ProcessEnv): PlaceSetting | undefined {
  const [latitude, longitude, elevation] = ['LATITUDE', 'LONGITUDE', 'ELEVATION'].map((name) =>
    degrees(`COSMIC_${name}`, env[`COSMIC_${name}`]),
  );
  if (latitude === undefined && longitude === undefined) return undefined;
  if (latitude === undefined || longitude === undefined)
    throw new CosmicError('config.malformed', 'COSMIC_LATITUDE and COSMIC_LONGITUDE go together');
  return { latitude, longitude, ...(elevation === undefined ? {} : { elevation }) };
}

function degrees(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return numberOf(name, text);
  } catch (error) {
    throw new CosmicError('config.malformed', (error as Error).message, { cause: error });
  }
}
