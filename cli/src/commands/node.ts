import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { runNode } from '../node-process.js';
import { note, Refused, UsageError } from '../output.js';
import { define } from './command.js';

interface NodeFlags {
  action: string;
  host?: string | undefined;
  port?: number | undefined;
  peer?: string[] | undefined;
  'own-address'?: string[] | undefined;
  'plain-peers'?: boolean | undefined;
  'peer-tls'?: number | undefined;
  discover?: boolean | undefined;
  receipts?: boolean | undefined;
  plugin?: string[] | undefined;
  store?: string | undefined;
  index?: string | undefined;
  log?: string | undefined;
}

export const nodeCommand = define<NodeFlags>({
  command: 'node <action>',
  describe: 'Run a node: cosmic node start',
  examples: [
    ['cosmic node start', 'on 127.0.0.1:8080'],
    [
      'cosmic node start --port 8081 --peer ws://192.0.2.7:8080/v2/peer --data ./two',
      'a second one that keeps in step',
    ],
  ],
  builder: (yargs) =>
    yargs
      .positional('action', { type: 'string', choices: ['start'], demandOption: true, describe: 'what to do' })
      .option('host', { type: 'string', describe: 'address to listen on (127.0.0.1)' })
      .option('port', { type: 'number', describe: 'port to listen on (8080); 0 lets the system choose' })
      .option('peer', { type: 'string', array: true, nargs: 1, describe: 'address of a peer; may be repeated' })
      .option('own-address', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'address under which other nodes dial this one; may be repeated',
      })
      .option('plain-peers', { type: 'boolean', describe: 'dial ws: to other machines too, where lines are trusted' })
      .option('peer-tls', {
        type: 'number',
        describe: 'port for peers by wss:, with a certificate for the node’s own key',
      })
      .option('discover', {
        type: 'boolean',
        describe: 'find nodes in the local network, and be found (UDP port 8091)',
      })
      .option('receipts', {
        type: 'boolean',
        describe: 'countersign when the node first saw which blocks (receipt/1), in its own name',
      })
      .option('plugin', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'plug-in with kinds and views; may be repeated',
      })
      .option('store', { type: 'string', describe: 'storage engine: auto, better-sqlite3, node:sqlite, wasm' })
      .option('index', { type: 'string', describe: 'vector index: auto, usearch, hnswlib, exact' })
      .option('log', { type: 'string', describe: 'silent, error, warn, info or debug' }),
  run: async (args, settings) => {
    if (args.port !== undefined && !(Number.isInteger(args.port) && args.port >= 0 && args.port <= 65_535))
      throw new UsageError(`--port ${String(args.port)}: a port is a whole number up to 65535`);
    const command = ['start', '--data', settings.data, '--network', settings.network];
    for (const flag of ['host', 'port', 'store', 'index', 'log'] as const)
      if (args[flag] !== undefined) command.push(`--${flag}`, String(args[flag]));
    for (const peer of args.peer ?? []) command.push('--peer', peer);
    for (const address of args['own-address'] ?? []) command.push('--own-address', address);
    if (args['plain-peers'] === true) command.push('--plain-peers');
    if (args['peer-tls'] !== undefined) command.push('--peer-tls', String(args['peer-tls']));
    if (args.discover === true) command.push('--discover');
    if (args.receipts === true) command.push('--receipts');
    for (const plugin of args.plugin ?? []) command.push('--plugin', plugin);
    if (settings.embedder !== undefined) offerEmbedder(settings.data, settings.embedder);
    const status = await runNode(command);
    if (status !== 0) throw new Refused(status);
  },
});

/** A node answers text queries in the spaces whose embedders it has; a new data folder gets the author's own as well. */
function offerEmbedder(data: string, embedder: EmbedderConfig): void {
  const file = join(data, 'config.json');
  if (existsSync(file) || existsSync(join(data, 'store.sqlite'))) return;
  const builtin: EmbedderConfig[] = [
    { type: 'builtin', name: 'english-1' },
    { type: 'builtin', name: 'lexical' },
  ];
  const others = builtin.filter((candidate) => JSON.stringify(candidate) !== JSON.stringify(embedder));
  if (others.length < builtin.length) return;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify({ embedders: [embedder, ...others] }, null, 2)}\n`, { mode: 0o600 });
  note(`wrote ${file}: this node embeds queries with ${JSON.stringify(embedder)} too`);
}
