/** Where a repository of backups is kept: named objects, written whole. Names are lower-case paths such as `segments/1-900-….blocks`. */
export interface Place {
  /** For people. */
  readonly label: string;
  /** Undefined where there is no such object. @throws CosmicError backup.unreachable */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. @throws CosmicError backup.unreachable, node.storage_full */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Names that begin with `prefix`, ascending. */
  list(prefix: string): Promise<readonly string[]>;
  /** Removes what a write that broke off left behind. Nobody else writes here meanwhile. */
  discardDrafts?(): Promise<void>;
  /** One that is not there is removed already. */
  remove(name: string): Promise<void>;
}
