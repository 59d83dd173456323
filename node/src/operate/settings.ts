import { DEV_NETWORK } from '@cosmicembeddings/sdk';
import { policySchema } from '../door/admission.js';
import { budgetsSchema } from '../door/budgets.js';
import { scopes } from '../http/access.js';
import type { SettingSchema } from '../json-schema.js';
import { meetingSchema, peerRulesSchema, peerTlsSchema, subscriptionsSchema } from '../sync/index.js';
import { respondSchema } from './respond/index.js';
import { backupSchema } from './backups/schedule.js';
import { retentionSchema } from './retention.js';
import { tracesSchema } from './traces.js';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const MiB = 2 ** 20;

function whole(minimum: number, maximum: number, otherwise: number, description: string): SettingSchema {
  return { type: 'integer', minimum, maximum, default: otherwise, description };
}
function time(minimum: number, maximum: number, otherwise: number, description: string): SettingSchema {
  return { ...whole(minimum, maximum, otherwise, description), unit: 'ms' };
}
function size(minimum: number, maximum: number, otherwise: number, description: string): SettingSchema {
  return { ...whole(minimum, maximum, otherwise, description), unit: 'bytes' };
}
function texts(description: string, item: SettingSchema = { type: 'string' }): SettingSchema {
  return { type: 'array', items: item, default: [], description };
}
function choice(values: readonly string[], otherwise: string, description: string): SettingSchema {
  return { type: 'string', enum: values, default: otherwise, description };
}

/** Each setting of a node: form, bounds, default and what it means. `docs/settings.md` is made of it (`tools/settings.mjs`). */
export const settings = {
  host: { type: 'string', default: '127.0.0.1', description: 'address to listen on' },
  port: whole(0, 65_535, 8080, '0 lets the system choose'),
  network: { type: 'string', maxLength: 256, default: DEV_NETWORK, description: 'id of the network' },
  peers: texts('addresses of peers, behind a `#` the did:key that must answer there'),
  peerRules: peerRulesSchema,
  meeting: meetingSchema,
  subscriptions: subscriptionsSchema,
  relayBytesPerSecond: size(
    0,
    2 ** 30,
    128 * 1024,
    'of blocks that peers keep and this node does not, which it passes on to them; 0: none',
  ),
  peerTls: peerTlsSchema,
  peerKeys: {
    type: 'object',
    additionalProperties: { type: 'string', writeOnly: true },
    default: {},
    description: 'keys for peers that demand one, by their address',
  },
  plugins: texts('packages, or paths beside this file, that bring kinds and views'),
  embedders: {
    type: 'array',
    items: { type: ['object', 'string'] },
    default: [
      { type: 'builtin', name: 'english-1' },
      { type: 'builtin', name: 'lexical' },
    ],
    description: 'for queries by text, one for each space',
  },
  home: {
    type: 'array',
    items: { type: ['object', 'string'] },
    default: ['builtin'],
    description:
      'embedders that run on this machine, `builtin` or `multilingual` for short: the texts of blocks of whatever model are embedded here by them, for this node’s own searches; `[]`: none',
  },
  policy: { ...policySchema, default: {} },
  budgets: { ...budgetsSchema, default: {} },
  respond: { ...respondSchema, default: {} },
  retention: retentionSchema,
  backup: backupSchema,
  store: choice(['auto', 'better-sqlite3', 'node:sqlite', 'wasm'], 'auto', 'SQLite; `auto`: the first that loads'),
  index: choice(['auto', 'usearch', 'hnswlib', 'exact'], 'auto', 'graphs of vectors'),
  verifier: choice(['auto', 'sodium', 'node', 'portable'], 'auto', 'Ed25519; the verdict is the same with each'),
  verifyWorkers: whole(1, 64, 2, 'threads that verify'),
  dataMaxBytes: size(
    0,
    Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    'of the data folder; blocks beyond are refused',
  ),
  freeMinBytes: size(0, Number.MAX_SAFE_INTEGER, 512 * MiB, 'free space of the disk below which blocks are refused'),
  requestMaxBytes: size(1024, 2 ** 40, 64 * MiB, 'body of one request; a streamed import has no limit'),
  inFlightMax: whole(
    1,
    1e6,
    4096,
    'blocks judged or written at a time; one more that comes alone is answered `node.busy`, in a stream it waits up to 30 s for room',
  ),
  inFlightMaxBytes: size(2 ** 23, 2 ** 40, 128 * MiB, 'the same in bytes'),
  publishingMax: whole(1, 1e6, 256, 'requests to publish that are served at a time'),
  waitingMax: whole(
    0,
    1e6,
    4096,
    'requests that wait for their turn; beyond it they are refused at once with 503 `node.busy`, and the connection is closed',
  ),
  waitMs: time(0, HOUR_MS, SECOND_MS, 'how long they wait before they are refused with `Retry-After`'),
  connectionsMax: whole(
    1,
    1e6,
    4096,
    'open connections, peers included; for a further one the longest idle of the address that holds most makes room',
  ),
  headersMs: time(100, HOUR_MS, 15 * SECOND_MS, 'a request’s headers have to be there'),
  idleMs: time(100, 24 * HOUR_MS, 72 * SECOND_MS, 'a connection may stand idle between requests'),
  slowMs: time(
    100,
    HOUR_MS,
    30 * SECOND_MS,
    'a body that comes, or an answer that is taken, at less than 100 bytes a second for so long is cut; a streamed import may last for hours, as long as it moves',
  ),
  hosts: texts('names, besides addresses and `localhost`, under which the node may be asked', {
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{1,253}$',
    description: 'host names without a port, such as "node.example"',
  }),
  cors: texts('origins whose pages may use it, or "*"', {
    type: 'string',
    pattern: '^(\\*|https?://[^/\\s]+)$',
    description: 'origins such as "https://app.example", or "*"',
  }),
  demand: texts('what visitors from beyond this machine need a key for', { type: 'string', enum: scopes }),
  trustLoopback: {
    type: 'boolean',
    default: true,
    description: 'whoever comes from this machine is its operator; false behind a proxy on it',
  },
  requestsPerMinute: whole(1, 1e9, 6_000, 'how often a visitor may ask'),
  guard: { type: 'boolean', default: true, description: 'demote vectors that are near everything' },
  maps: {
    type: 'boolean',
    default: true,
    description: 'lay a space out in two dimensions when somebody asks for its map; false: refuse',
  },
  receipts: {
    type: 'boolean',
    default: false,
    description: 'countersign, in the node’s own name, when it first saw which blocks (`receipt/1`)',
  },
  translators: texts(
    'authors (did:key) whose translators are used where no embedder leads into a space (`translator/1`); of nobody else',
    { type: 'string', pattern: '^did:' },
  ),
  attest: whole(
    0,
    3_600,
    0,
    'blocks an hour, of those that came in lately, whose vectors the node computes anew and attests in its own name (`attest/1`)',
  ),
  weights: {
    type: 'object',
    additionalProperties: false,
    description:
      'of the two halves of hybrid search: without it vectors count 1, words .35 where the best row stands out, .7 where none does',
    properties: {
      vectors: { type: 'number', minimum: 0, maximum: 1000 },
      words: { type: 'number', minimum: 0, maximum: 1000 },
    },
  },
  traces: tracesSchema,
  log: choice(['silent', 'error', 'warn', 'info', 'debug'], 'info', 'lines on standard error'),
} satisfies Readonly<Record<string, SettingSchema>>;
