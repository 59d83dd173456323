/** The Python `NodeIdentity`, field for field: it travels as JSON. */
export interface NodeIdentity {
  node_id: string;
  public_key: string;
  address: string;
  port: number;
  version: string;
  capabilities: string[];
  /** Seconds since the epoch. */
  last_seen: number;
}
