import { openClient } from '../node-client.js';
import { print, printJson, UsageError } from '../output.js';
import { askView, pairsOf } from '../plugins/question-command.js';
import { fieldsOf } from '../plugins/schema-flags.js';
import type { Settings } from '../settings.js';
import { define } from './command.js';

interface ViewFlags {
  name?: string | undefined;
  question?: string | undefined;
  params?: string[] | undefined;
  watch: boolean;
}

export const viewCommand = define<ViewFlags>({
  command: 'view [name] [question] [params..]',
  describe: 'Ask a view of the node what the blocks mean; without a question, list what can be asked',
  examples: [
    ['cosmic view', 'what can be asked'],
    ['cosmic view standing of id=bafy…', 'is it retracted or replaced?'],
  ],
  builder: (yargs) =>
    yargs
      .positional('name', { type: 'string', describe: 'name of the view' })
      .positional('question', { type: 'string', describe: 'name of the question' })
      .positional('params', { type: 'string', array: true, describe: 'key=value…' })
      .option('watch', {
        type: 'boolean',
        default: false,
        describe: 'go on, and say it again whenever the answer changes',
      }),
  run: async ({ name, question, params = [], watch }, settings) => {
    if (name === undefined || question === undefined) return listQuestions(name, settings);
    await askView(openClient(settings), name, question, pairsOf(params), { json: settings.json, watch });
  },
});

/** What can be asked, with the names of the parameters; those in brackets may be left out. */
async function listQuestions(name: string | undefined, settings: Settings): Promise<void> {
  const plugins = await openClient(settings).plugins();
  const views = plugins.flatMap(({ views: some }) => some).filter((view) => name === undefined || view.name === name);
  if (name !== undefined && views.length === 0)
    throw new UsageError(`the node has no view ${name}; cosmic view lists them`);
  if (settings.json) return printJson({ views });
  for (const view of views) {
    print(`${view.name}${view.describe === undefined ? '' : `  ${view.describe}`}`);
    for (const one of view.questions) {
      const words = fieldsOf(one.params).map((field) => (field.required ? `${field.name}=…` : `[${field.name}=…]`));
      print(`  cosmic view ${[view.name, one.name, ...words].join(' ')}`);
      print(`      ${one.describe}`);
    }
  }
}
