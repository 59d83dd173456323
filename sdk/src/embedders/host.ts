/** What embedders need from where they run; a browser and Node each hand in their own (sdk/embedders/node). */
export interface EmbedderHost {
  fetch: typeof globalThis.fetch;
  /** An environment variable, for keys. */
  env(name: string): string | undefined;
  /** A data file of this package, or of an optional one, by name. @throws CosmicError embedder.unavailable naming that package */
  asset(name: string, from?: string): Promise<Uint8Array>;
  /** Loads an optional package by name; rejects when it is not installed. */
  importModule(name: string): Promise<unknown>;
  /** A local file; undefined where it does not exist or there are no files. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** sha-256 of a local file, hexadecimal, without holding it in memory; undefined as above. Without it `readFile` serves. */
  hashFile?(path: string): Promise<string | undefined>;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Fraction in [0, 1) for back-off jitter. */
  random(): number;
  /** Progress of downloads and long batches, for people. */
  progress?(event: { readonly what: string; readonly done: number; readonly total: number }): void;
}
