import { CosmicError, type Code } from '../errors.js';
import type { Config } from './config.js';
import { dumps } from './dumps.js';
import { readPythonJson, type PyDict, type PyValue } from './read.js';
import { toPython, type Plain } from './write.js';

export interface SyncClientOptions {
  readonly config: Config;
  readonly fetch?: typeof globalThis.fetch;
  /** Eight hexadecimal digits for the ids that `pushBlock` gives to blocks without one. */
  readonly newId?: () => string;
}

export interface SearchOptions {
  readonly query?: string;
  readonly tags?: readonly string[];
  readonly createdBy?: string;
  readonly limit?: number;
}

/** The Python `SyncClient`: the same requests on the same paths. Answers keep Python's numbers apart (`PyInt`, `PyFloat`). */
export class SyncClient {
  private readonly fetch: typeof globalThis.fetch;

  constructor(private readonly options: SyncClientOptions) {
    this.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** Adds `id` and `created_by` where they are missing, after signing, as the original does. */
  async pushBlock(block: PyDict): Promise<PyDict> {
    const sent = new Map(block);
    if (!sent.has('id')) sent.set('id', `block-${(this.options.newId ?? randomId)()}`);
    if (!sent.has('created_by')) sent.set('created_by', this.options.config.getNodeId());
    return this.dictOf(await this.request('POST', '/blocks', dumps(sent)));
  }

  async getBlock(blockId: string): Promise<PyDict> {
    return this.dictOf(await this.request('GET', `/blocks/${encodeURIComponent(blockId)}`));
  }

  searchBlocks({ query, tags, createdBy, limit = 10 }: SearchOptions = {}): Promise<PyDict[]> {
    const params = new URLSearchParams();
    if (query !== undefined && query !== '') params.set('q', query);
    if (tags !== undefined && tags.length > 0) params.set('tags', tags.join(','));
    if (createdBy !== undefined && createdBy !== '') params.set('created_by', createdBy);
    params.set('limit', String(limit));
    return this.list(`/blocks/search?${params.toString()}`, 'blocks');
  }

  getRelatedBlocks(blockId: string, limit = 5): Promise<PyDict[]> {
    return this.list(`/blocks/${encodeURIComponent(blockId)}/related?limit=${limit}`, 'blocks');
  }

  async getNodeInfo(): Promise<PyDict> {
    return this.dictOf(await this.request('GET', `/nodes/${encodeURIComponent(this.options.config.getNodeId())}`));
  }

  async registerNode(
    node: { name?: string; description?: string; location?: readonly [number, number, number] } = {},
  ): Promise<PyDict> {
    const { config } = this.options;
    const [latitude, longitude, elevation] = node.location ?? config.getLocation();
    const publicKey = config.getKeys()[1];
    const data: Plain = {
      id: config.getNodeId(),
      name: node.name ?? config.getNodeId(),
      location: { latitude, longitude, elevation },
      ...(node.description === undefined ? {} : { description: node.description }),
      ...(publicKey === null ? {} : { public_key: publicKey }),
    };
    return this.dictOf(await this.request('POST', '/nodes', dumps(toPython(data))));
  }

  getPeers(): Promise<PyDict[]> {
    return this.list('/nodes', 'nodes');
  }

  async validateBlock(blockId: string): Promise<PyDict> {
    return this.dictOf(await this.request('POST', `/blocks/${encodeURIComponent(blockId)}/validate`));
  }

  private async list(path: string, key: string): Promise<PyDict[]> {
    const items = this.dictOf(await this.request('GET', path)).get(key);
    return Array.isArray(items) ? (items as PyValue[]).filter((item): item is PyDict => item instanceof Map) : [];
  }

  private dictOf(value: PyValue): PyDict {
    if (value instanceof Map) return value as PyDict;
    throw new CosmicError('request.malformed', 'the node answered no JSON object');
  }

  private async request(method: string, path: string, body?: string): Promise<PyValue> {
    const url = this.options.config.getApiEndpoint().replace(/\/+$/, '') + path;
    let response: Response;
    try {
      response = await this.fetch(url, {
        method,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      });
    } catch (cause) {
      throw new CosmicError('node.unreachable', url, { cause });
    }
    const text = await response.text();
    if (response.status === 200) return readPythonJson(text);
    throw refusalOf(text, response.status);
  }
}

function refusalOf(text: string, status: number): CosmicError {
  try {
    const problem = JSON.parse(text) as { code?: Code; detail?: string };
    if (typeof problem.code === 'string') return new CosmicError(problem.code, problem.detail ?? '');
  } catch {
    // Not a problem object: the status says what there is to say.
  }
  return new CosmicError('request.malformed', `HTTP ${status}: ${text.slice(0, 200)}`);
}

function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
