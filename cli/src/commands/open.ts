import { spawn } from 'node:child_process';
import { CosmicError } from '@cosmicembeddings/sdk';
import { firstNode, openClient } from '../node-client.js';
import { note, print, printJson } from '../output.js';
import { define } from './command.js';

interface OpenFlags {
  id?: string | undefined;
  browser: boolean;
}

export const openCommand = define<OpenFlags>({
  command: 'open [id]',
  describe: 'Open a block, or the node’s page, in the browser',
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', describe: 'id of a block' })
      .option('browser', { type: 'boolean', default: true, describe: '--no-browser: print the address alone' })
      .example('$0 open', 'the page of the node')
      .example('$0 open bafyrei…', 'the page of a block'),
  run: async ({ id, browser }, settings) => {
    const client = openClient(settings);
    if (id === undefined) await client.status();
    else if ((await client.get(id)) === undefined) throw new CosmicError('block.not_found', id);
    const address = new URL(id === undefined ? '/' : `/#block=${encodeURIComponent(id)}`, firstNode(settings)).href;
    if (settings.json) printJson({ address });
    else print(address);
    if (browser && !settings.json) openBrowser(address);
  },
});

/** Whatever the system opens addresses with; where there is nothing of the kind, the address has been printed. */
function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address];
  const child = spawn(command!, args, { stdio: 'ignore', detached: true });
  child.once('error', () => note(`no browser found by ${command}; the address stands above`));
  child.unref();
}
