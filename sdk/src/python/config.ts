import { CosmicError } from '../errors.js';

/** Keys and defaults of the Python project's configuration. */
export interface ConfigValues {
  node_id: string;
  default_model: string;
  /** Latitude and longitude in degrees, elevation in metres. */
  default_location: readonly [number, number, number];
  api_endpoint: string;
  /** Base64. */
  private_key: string | null;
  public_key: string | null;
  cosmo_validation: { enabled: boolean; max_age_seconds: number; require_location: boolean };
  [key: string]: unknown;
}

export interface ConfigSources {
  /** Environment variables, `COSMIC_*`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What a configuration file holds. It ranks above the environment, as in the original. */
  readonly file?: Readonly<Record<string, unknown>>;
}

/** The Python `Config`: same keys, same variables, and its own precedence: defaults, environment, file, `set`. */
export class Config {
  readonly config: ConfigValues = {
    node_id: 'default_node',
    default_model: 'all-MiniLM-L6-v2',
    default_location: [0, 0, 0],
    api_endpoint: 'http://localhost:8080',
    private_key: null,
    public_key: null,
    cosmo_validation: { enabled: true, max_age_seconds: 300, require_location: true },
  };

  /** @throws CosmicError config.malformed for a number or location that is none */
  constructor(sources: ConfigSources = {}) {
    this.readEnvironment(sources.env ?? {});
    for (const [key, value] of Object.entries(sources.file ?? {}))
      this.config[key] = key === 'default_location' ? locationOf(value) : value;
  }

  private readEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    const texts = {
      COSMIC_NODE_ID: 'node_id',
      COSMIC_DEFAULT_MODEL: 'default_model',
      COSMIC_API_ENDPOINT: 'api_endpoint',
      COSMIC_PRIVATE_KEY: 'private_key',
      COSMIC_PUBLIC_KEY: 'public_key',
    };
    for (const [name, key] of Object.entries(texts)) if (env[name] !== undefined) this.config[key] = env[name];
    if (env['COSMIC_LATITUDE'] !== undefined && env['COSMIC_LONGITUDE'] !== undefined)
      this.config.default_location = locationOf(
        [env['COSMIC_LATITUDE'], env['COSMIC_LONGITUDE'], env['COSMIC_ELEVATION'] ?? '0'].map((text) =>
          numberIn('COSMIC_LATITUDE, _LONGITUDE, _ELEVATION', text),
        ),
      );
    const validation = this.config.cosmo_validation;
    if (env['COSMIC_VALIDATION_ENABLED'] !== undefined)
      validation.enabled = env['COSMIC_VALIDATION_ENABLED'].toLowerCase() === 'true';
    if (env['COSMIC_VALIDATION_MAX_AGE'] !== undefined)
      validation.max_age_seconds = numberIn('COSMIC_VALIDATION_MAX_AGE', env['COSMIC_VALIDATION_MAX_AGE']);
    if (env['COSMIC_VALIDATION_REQUIRE_LOCATION'] !== undefined)
      validation.require_location = env['COSMIC_VALIDATION_REQUIRE_LOCATION'].toLowerCase() === 'true';
  }

  get<T = unknown>(key: string, otherwise?: T): T {
    return (key in this.config ? this.config[key] : otherwise) as T;
  }

  set(key: string, value: unknown): void {
    this.config[key] = value;
  }

  getLocation(): readonly [number, number, number] {
    return this.config.default_location;
  }

  setLocation(latitude: number, longitude: number, elevation = 0): void {
    this.config.default_location = [latitude, longitude, elevation];
  }

  getNodeId(): string {
    return this.config.node_id;
  }

  setNodeId(nodeId: string): void {
    this.config.node_id = nodeId;
  }

  getDefaultModel(): string {
    return this.config.default_model;
  }

  setDefaultModel(model: string): void {
    this.config.default_model = model;
  }

  getApiEndpoint(): string {
    return this.config.api_endpoint;
  }

  setApiEndpoint(endpoint: string): void {
    this.config.api_endpoint = endpoint;
  }

  getKeys(): readonly [string | null, string | null] {
    return [this.config.private_key, this.config.public_key];
  }

  setKeys(privateKey: string | null, publicKey: string | null): void {
    this.config.private_key = privateKey;
    this.config.public_key = publicKey;
  }

  isCosmoValidationEnabled(): boolean {
    return this.config.cosmo_validation.enabled;
  }

  setCosmoValidationEnabled(enabled: boolean): void {
    this.config.cosmo_validation.enabled = enabled;
  }

  getCosmoValidationMaxAge(): number {
    return this.config.cosmo_validation.max_age_seconds;
  }

  setCosmoValidationMaxAge(seconds: number): void {
    this.config.cosmo_validation.max_age_seconds = seconds;
  }

  isLocationRequired(): boolean {
    return this.config.cosmo_validation.require_location;
  }

  setLocationRequired(required: boolean): void {
    this.config.cosmo_validation.require_location = required;
  }
}

function numberIn(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new CosmicError('config.malformed', `${name}: ${text} is no number`);
  return value;
}

function locationOf(value: unknown): readonly [number, number, number] {
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const [latitude, longitude, elevation = 0] = list;
  if (![latitude, longitude, elevation].every((x) => typeof x === 'number' && Number.isFinite(x)))
    throw new CosmicError('config.malformed', 'default_location: expected [latitude, longitude, elevation]');
  return [latitude as number, longitude as number, elevation as number];
}
