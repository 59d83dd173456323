import { corePlugins, CosmicError, isKindName } from '@cosmicembeddings/sdk';
import { pluginInfo, type Command, type KindInfo, type PluginInfo } from '@cosmicembeddings/sdk/api';
import yargs, { type Argv, type CommandModule } from 'yargs';
import { openClient } from '../node-client.js';
import { keepQuotes } from '../quotes.js';
import { loadSettings, type GlobalFlags, type Settings } from '../settings.js';
import { kindCommand } from './kind-command.js';
import { questionCommand } from './question-command.js';

/**
 * Commands that this command line calls for and that no file here defines: `create KIND`, `publish KIND`, and those of
 * plug-ins, which the node describes. `known`: names of our own commands, which always go before.
 */
export async function pluginCommands(args: readonly string[], known: ReadonlySet<string>): Promise<CommandModule[]> {
  const [verb, second] = words(args);
  if ((verb === 'create' || verb === 'publish') && second !== undefined && isKindName(second)) {
    const kind = await kindOf(second, args);
    return [
      kindCommand(
        verb,
        kind,
        `${verb} ${second}`,
        `${verb === 'create' ? 'Make a signed block' : 'Publish a block'} of this kind`,
      ),
    ];
  }
  if (verb === undefined || known.has(verb)) return [];
  const plugins = await offered(args);
  const own = plugins.find((plugin) => plugin.name === verb && plugin.commands.length > 0);
  const single = plugins.flatMap((plugin) =>
    plugin.commands.flatMap((command) =>
      command.topLevel === true && command.name === verb ? [{ plugin, command }] : [],
    ),
  );
  if (own !== undefined) return [groupOf(own, plugins)];
  return single.map(({ command }) => commandOf(command, command.name, plugins));
}

/** `--json FILE` and `--json -` say a block's content; a lone `--json` asks for answers in JSON, as everywhere. */
export function contentFlag(args: readonly string[]): string[] {
  const [verb] = words(args);
  if (verb === undefined) return [...args];
  return args.map((arg, i) => {
    if (arg === '--json' && (args[i + 1] === '-' || /^[^-]/.test(args[i + 1] ?? '-')) && i + 1 < args.length)
      return '--body';
    return arg.startsWith('--json=') && !/^--json=(true|false)$/.test(arg) ? arg.replace('--json=', '--body=') : arg;
  });
}

/** Words that are no flags and no values of the flags that every command has. */
function words(args: readonly string[]): string[] {
  const valued = /^--(node|home|key|network|embedder|data|token)$/;
  return args.filter((arg, i) => !arg.startsWith('-') && !valued.test(args[i - 1] ?? ''));
}

function settingsOf(args: readonly string[]): Settings {
  const flags = yargs(keepQuotes(args))
    .help(false)
    .version(false)
    .exitProcess(false)
    .string(['node', 'home', 'key', 'network', 'data', 'token']);
  return loadSettings(flags.parseSync() as unknown as GlobalFlags);
}

/** What the node's plug-ins offer; nothing where no node answers. */
async function offered(args: readonly string[]): Promise<readonly PluginInfo[]> {
  try {
    return await openClient(settingsOf(args)).plugins();
  } catch (error) {
    if (error instanceof CosmicError && error.code === 'node.unreachable') return [];
    throw error;
  }
}

/** @throws CosmicError kind.unknown, node.unreachable */
async function kindOf(name: string, args: readonly string[]): Promise<KindInfo> {
  const core = kindIn(corePlugins.map(pluginInfo), name);
  if (core !== undefined) return core;
  const found = kindIn(await openClient(settingsOf(args)).plugins(), name);
  if (found === undefined) throw new CosmicError('kind.unknown', `${name}: the node has no plug-in for it`);
  return found;
}

const kindIn = (plugins: readonly PluginInfo[], name: string): KindInfo | undefined =>
  plugins.flatMap(({ kinds }) => kinds).find((kind) => kind.name === name);

function groupOf(plugin: PluginInfo, plugins: readonly PluginInfo[]): CommandModule {
  return {
    command: plugin.name,
    describe: `Commands of the plug-in ${plugin.name}`,
    builder: (cli: Argv) => {
      for (const command of plugin.commands) cli.command(commandOf(command, command.name, plugins));
      return cli.demandCommand(1, `say what to do; cosmic ${plugin.name} --help lists the commands`).strictCommands();
    },
    handler: () => undefined,
  };
}

function commandOf({ describe, does }: Command, name: string, plugins: readonly PluginInfo[]): CommandModule {
  if ('create' in does) {
    const kind = kindIn(plugins, does.create);
    if (kind === undefined) throw new CosmicError('kind.unknown', does.create);
    return kindCommand('publish', kind, name, describe);
  }
  const question = plugins
    .flatMap(({ views }) => views)
    .find((view) => view.name === does.ask.view)
    ?.questions.find((one) => one.name === does.ask.question);
  if (question === undefined) throw new CosmicError('request.not_found', `${does.ask.view} ${does.ask.question}`);
  return questionCommand(does.ask.view, question, name, describe);
}
