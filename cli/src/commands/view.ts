import { openClient } from '../node-client.js';
import { printJson, UsageError } from '../output.js';
import { define } from './command.js';

interface ViewFlags {
  name: string;
  query: string;
  params?: string[] | undefined;
}

export const viewCommand = define<ViewFlags>({
  command: 'view <name> <query> [params..]',
  describe: 'Ask a view of the node: what the blocks mean, such as cosmic view standing of id=bafy…',
  builder: (yargs) =>
    yargs
      .positional('name', { type: 'string', demandOption: true, describe: 'name of the view' })
      .positional('query', { type: 'string', demandOption: true, describe: 'name of the query' })
      .positional('params', { type: 'string', array: true, describe: 'key=value…' }),
  run: async ({ name, query, params = [] }, settings) => {
    const pairs = params.map((param): [string, string] => {
      const at = param.indexOf('=');
      if (at <= 0) throw new UsageError(`${param}: write key=value`);
      return [param.slice(0, at), param.slice(at + 1)];
    });
    printJson(await openClient(settings).view(name, query, Object.fromEntries(pairs)));
  },
});
