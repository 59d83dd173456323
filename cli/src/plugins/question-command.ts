import type { NodeClient, QuestionInfo } from '@cosmicembeddings/sdk/api';
import type { CommandModule } from 'yargs';
import { define } from '../commands/command.js';
import { openClient } from '../node-client.js';
import { print, printJson, UsageError } from '../output.js';
import { answerText } from './answer-text.js';
import { fieldsOf, schemaFlags, valuesOf } from './schema-flags.js';

type Flags = Readonly<Record<string, unknown>> & { readonly params?: string[]; readonly watch?: boolean };

export function questionCommand(
  view: string,
  question: QuestionInfo,
  command: string,
  describe: string,
): CommandModule {
  const fields = fieldsOf(question.params);
  return define<Flags>({
    command: `${command} [params..]`,
    describe,
    builder: (cli) =>
      schemaFlags(cli, fields, false)
        .positional('params', { type: 'string', array: true, describe: 'or key=value…' })
        .option('watch', { type: 'boolean', describe: 'go on, and say it again whenever the answer changes' }),
    run: async (args, settings) => {
      const params = { ...pairsOf(args.params ?? []), ...valuesOf(fields, args) };
      await askView(openClient(settings), view, question.name, params, {
        json: settings.json,
        watch: args.watch === true,
      });
    },
  }) as unknown as CommandModule;
}

/** Asks and prints; goes on until interrupted where it is watched. */
export async function askView(
  client: NodeClient,
  view: string,
  question: string,
  params: Readonly<Record<string, unknown>>,
  { json, watch }: { readonly json: boolean; readonly watch: boolean },
): Promise<void> {
  const texts = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
  const show = (answer: Awaited<ReturnType<NodeClient['view']>>): void =>
    json ? printJson(answer) : print(answerText(answer));
  if (!watch) return show(await client.view(view, question, texts));
  for await (const answer of client.watchView(view, question, texts, new AbortController().signal)) {
    show(answer);
    if (!json) print();
  }
}

/** @throws UsageError */
export function pairsOf(params: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    params.map((param): [string, string] => {
      const at = param.indexOf('=');
      if (at <= 0) throw new UsageError(`${param}: write key=value`);
      return [param.slice(0, at), param.slice(at + 1)];
    }),
  );
}
