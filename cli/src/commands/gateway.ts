import { once } from 'node:events';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { ChromaRecords } from '../gateway/chroma.js';
import { openCollections } from '../gateway/collections.js';
import { Records } from '../gateway/records.js';
import { createGateway } from '../gateway/server.js';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { define } from './command.js';

interface Flags {
  readonly port: number;
  readonly strict: boolean;
}

export const gatewayCommand = define<Flags>({
  command: 'gateway chroma',
  describe: 'let Chroma’s own clients on this machine use your memory: what they add is signed with your key',
  examples: [['cosmic gateway chroma', 'then point Chroma’s client at the address it prints']],
  builder: (yargs) =>
    yargs
      .option('port', { type: 'number', default: 8000, describe: 'port on 127.0.0.1; 0 for any' })
      .option('strict', { type: 'boolean', default: false, describe: 'refuse ids that are there already on add' }),
  run: async ({ port, strict }, settings) => {
    const client = openClient(settings);
    const { network } = await client.status();
    const { author, did } = await openIdentity({ ...settings, network });
    const collections = openCollections(join(settings.home, 'gateway', 'chroma.json'));
    const records = new Records(client, author, did);
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const server = createGateway({
      collections,
      records: new ChromaRecords(client, collections, records, { strict, say }),
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    process.stdout.write(
      `${JSON.stringify({ listening: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, author: did })}\n`,
    );
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
    await once(server, 'close');
  },
});
