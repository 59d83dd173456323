import { parseArgs } from 'node:util';
import { CosmicError } from '@cosmicembeddings/sdk';
import { loadConfig } from './operate/config.js';
import { createLog } from './log.js';
import { whatIsOpen } from './operate/openness.js';
import { maintenance, maintenanceFlags } from './operate/maintenance.js';
import { createNode } from './node.js';
import { collectAlone, tidyAtRest } from './worker-memory.js';

const USAGE = `cosmic-node start --data DIR [--host H] [--port P] [--network ID] [--peer URL[#did]]… [--own-address URL]… [--plain-peers] [--discover] [--peer-tls PORT] [--receipts] [--store E] [--index E] [--log LEVEL]
cosmic-node fsck|backup|restore|migrate|vacuum|erase|retention|policy|access … --data DIR   (docs/operating.md)
  flags of these: ${maintenanceFlags.map((name) => `--${name}`).join(' ')}
cosmic-node simulate WORLD.json [--seed N] [--seeds COUNT] [--json]
`;

const options = {
  data: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  network: { type: 'string' },
  peer: { type: 'string', multiple: true },
  'own-address': { type: 'string', multiple: true },
  'plain-peers': { type: 'boolean' },
  'peer-tls': { type: 'string' },
  discover: { type: 'boolean' },
  receipts: { type: 'boolean' },
  plugin: { type: 'string', multiple: true },
  store: { type: 'string' },
  index: { type: 'string' },
  verifier: { type: 'string' },
  log: { type: 'string' },
} as const;

async function start(args: string[]): Promise<void> {
  collectAlone();
  const { values } = parseArgs({ args, options, strict: true });
  if (values.data === undefined)
    throw new CosmicError('config.malformed', 'data: give the data folder with --data DIR');
  const config = await loadConfig({
    data: values.data,
    host: values.host,
    port: values.port,
    network: values.network,
    peers: values.peer,
    peerRules: {
      ...(values['own-address'] === undefined ? {} : { ownAddresses: values['own-address'] }),
      ...(values['plain-peers'] === undefined ? {} : { plainLines: true }),
    },
    meeting: values.discover === true ? { lan: true } : {},
    peerTls: values['peer-tls'] === undefined ? undefined : { port: values['peer-tls'] },
    plugins: values.plugin,
    receipts: values.receipts,
    store: values.store,
    index: values.index,
    verifier: values.verifier,
    log: values.log,
  });
  const log = createLog(config.log);
  // What one handler failed to catch must not end the service of all others; it is a defect and is named as one.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) =>
      log.error({ event, error: String(error), stack: (error as Error | undefined)?.stack }, 'defect'),
    );
  // Warnings of the engine are lines of the log like any other.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.warn({ warning: name }, message));
  // From before there is anything to stop: a node that is told while it starts stops as soon as it is whole.
  const stopping = stopSignal();
  const node = await createNode(config, log);
  // Of its own pause every request would know: only for what is worth it.
  tidyAtRest({ worthBytes: 24_000_000 });
  process.stdout.write(
    JSON.stringify({ listening: node.url, node: node.did, network: config.network, data: config.data }) + '\n',
  );
  for (const line of whatIsOpen(config)) process.stderr.write(line + '\n');
  await stopping;
  const hurry = setTimeout(() => process.exit(1), STOP_MS);
  hurry.unref();
  await node.close();
  log.info('stopped');
}

/** What is not closed after this long is given up: everything acknowledged is on disk, and followers resume where they saved. */
const STOP_MS = 15_000;

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(130);
      stopping = true;
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    // Whoever started it with a channel (cosmic node start) is gone, however it ended.
    process.on('disconnect', stop);
    process.channel?.unref();
  });
}

function explain(error: unknown): { line: string; status: number } {
  if (error instanceof CosmicError) return { line: error.message, status: 1 };
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return { line: `node.storage_full: ${message}; free space and try again`, status: 1 };
  if (code === 'EADDRINUSE')
    return {
      line: new CosmicError('config.port_in_use', `port in use: ${message}; choose another --port`).message,
      status: 1,
    };
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') return { line: `config.malformed: ${message}`, status: 1 };
  if (code?.startsWith('ERR_PARSE_ARGS') === true) return { line: message, status: 2 };
  return { line: `node.internal: ${(error as Error).stack ?? String(error)}`, status: 1 };
}

// Nothing of a data folder is for others on this machine.
process.umask(0o077);
const [command, ...args] = process.argv.slice(2);
try {
  if (command === 'start') await start(args);
  else if (command === 'simulate') await (await import('./testing/command.js')).simulateCommand(args);
  else if (command === '--help' || command === '-h') process.stdout.write(USAGE);
  else if (command !== undefined && (await maintenance(command, args))) process.exitCode ??= 0;
  else {
    process.stderr.write(USAGE);
    process.exitCode = 2;
  }
} catch (error) {
  const { line, status } = explain(error);
  process.stderr.write(line + '\n');
  process.exitCode = status;
}
process.exit();
