import yargs, { type Argv, type CommandModule } from 'yargs';
import { adoptCommand } from './commands/adopt.js';
import { attestCommand } from './commands/attest.js';
import { completionCommand } from './commands/completion.js';
import { createCommand } from './commands/create.js';
import { doctorCommand } from './commands/doctor.js';
import { embedCommand } from './commands/embed.js';
import { eraseCommand } from './commands/erase.js';
import { exportCommand } from './commands/export.js';
import { gatewayCommand } from './commands/gateway.js';
import { getCommand } from './commands/get.js';
import { importCommand } from './commands/import.js';
import { initCommand } from './commands/init.js';
import { keyCommand } from './commands/key.js';
import { isMaintenance, maintenanceCommands, runMaintenance } from './commands/maintenance.js';
import { mcpCommand } from './commands/mcp.js';
import { nodeCommand } from './commands/node.js';
import { openCommand } from './commands/open.js';
import { peersCommand } from './commands/peers.js';
import { syncCommand } from './commands/sync.js';
import { respondCommand } from './commands/respond.js';
import { publishCommand } from './commands/publish.js';
import { reembedCommand } from './commands/reembed.js';
import { retractCommand } from './commands/retract.js';
import { searchCommand } from './commands/search.js';
import { skyCommand } from './commands/sky.js';
import { statusCommand } from './commands/status.js';
import { translatorCommand } from './commands/translator.js';
import { verifyCommand } from './commands/verify.js';
import { viewCommand } from './commands/view.js';
import { watchCommand } from './commands/watch.js';
import { spacesCommand } from './commands/spaces.js';
import { topCommand } from './commands/top.js';
import { traceCommand } from './commands/trace.js';
import { witnessCommand } from './commands/witness.js';
import { exit, fail, UsageError } from './output.js';
import { contentFlag, pluginCommands } from './plugins/commands.js';
import { keepQuotes } from './quotes.js';
import { unknownFlag } from './suggest.js';
import { markOperands } from './values.js';
import { version } from './version.js';

const commands = [
  initCommand,
  nodeCommand,
  publishCommand,
  searchCommand,
  watchCommand,
  getCommand,
  verifyCommand,
  statusCommand,
  topCommand,
  doctorCommand,
  openCommand,
  peersCommand,
  respondCommand,
  syncCommand,
  mcpCommand,
  gatewayCommand,
  adoptCommand,
  createCommand,
  embedCommand,
  keyCommand,
  exportCommand,
  importCommand,
  skyCommand,
  retractCommand,
  viewCommand,
  witnessCommand,
  attestCommand,
  translatorCommand,
  reembedCommand,
  spacesCommand,
  traceCommand,
  eraseCommand,
  completionCommand,
  ...maintenanceCommands,
] as unknown as readonly CommandModule[];

/** First words that are ours: a plug-in's command never takes their place. */
const known = new Set(commands.flatMap(({ command }) => [command].flat().map((text) => text!.split(' ')[0]!)));

/** Fresh for every parse: yargs keeps state. `more`: commands that this line alone calls for. */
function commandLine(args: readonly string[], more: readonly CommandModule[] = []): Argv {
  const cli = yargs(keepQuotes(args))
    .scriptName('cosmic')
    .locale('en')
    .usage('$0 <command>\n\nPublish, find and verify signed embedding blocks.')
    .option('node', {
      type: 'string',
      global: true,
      describe: 'address of the node (http://127.0.0.1:8080), of several with commas',
    })
    .option('home', { type: 'string', global: true, describe: 'folder of configuration and keys (COSMIC_HOME)' })
    .option('key', { type: 'string', global: true, describe: 'name or file of the author’s key' })
    .option('network', { type: 'string', global: true, describe: 'network id' })
    .option('embedder', {
      type: 'string',
      global: true,
      describe: 'builtin, multilingual, lexical, openai:MODEL@URL, transformers:MODEL[@FOLDER]',
    })
    .option('data', { type: 'string', global: true, describe: 'data folder of the node that runs here' })
    .option('token', { type: 'string', global: true, describe: 'operator’s token' })
    .option('json', { type: 'boolean', global: true, describe: 'answer in JSON' })
    .strict()
    .strictCommands()
    .recommendCommands()
    .demandCommand(1, 'say what to do; cosmic --help lists the commands')
    .version(version)
    .alias('help', 'h')
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .epilogue('Exit status: 0 done, 1 refused or not found, 2 wrong command line, 3 no node answers.')
    .exitProcess(false)
    .fail((message, error) => {
      throw error !== undefined && error.name !== 'YError'
        ? error
        : new UsageError(/^Did you mean/.test(message) ? `unknown command ${args[0] ?? ''}. ${message}` : message);
    });
  for (const command of [...commands, ...more]) cli.command(command);
  return cli as Argv;
}

/** Runs one command line; answers the exit status. */
export async function run(given: readonly string[]): Promise<number> {
  const args = contentFlag(given);
  try {
    if (isMaintenance(args)) await runMaintenance(args);
    else await commandLine(markOperands(args), await pluginCommands(args, known)).parseAsync();
    return exit.done;
  } catch (error) {
    return fail(
      error instanceof UsageError ? new UsageError(unknownFlag(error.message, await helpOf(args))) : error,
      args.includes('--json'),
    );
  }
}

/** The help text of the command that was meant, to find the nearest flag in. */
function helpOf(args: readonly string[]): Promise<string> {
  const words = args.filter((word) => !word.startsWith('-')).slice(0, 1);
  return new Promise((resolve) => {
    void commandLine([]).parse([...words, '--help'], {}, (_error: unknown, _args: unknown, output: string) =>
      resolve(output),
    );
  });
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read the answer has had enough: `cosmic search … | head`.
  if (error.code === 'EPIPE') process.exit(0);
});
process.exitCode = await run(process.argv.slice(2));
