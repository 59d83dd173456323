import type { RespondAction, RespondEvent } from '@cosmicembeddings/sdk/api';
import { openOperatorClient } from '../node-client.js';
import { print, printJson, UsageError } from '../output.js';
import { define } from './command.js';

const ACTIONS = ['list', 'journal', 'undo'] as const;

interface RespondFlags {
  action: (typeof ACTIONS)[number];
  id?: string | undefined;
}

export const respondCommand = define<RespondFlags>({
  command: 'respond [action] [id]',
  describe: 'Signals of abuse: what the node does about them now, what it did, undo one (operator)',
  examples: [
    ['cosmic respond list', 'what is answered now'],
    ['cosmic respond undo r1', 'end one before its time'],
  ],
  builder: (yargs) =>
    yargs
      .positional('action', { choices: ACTIONS, default: 'list' as const })
      .positional('id', { type: 'string', describe: 'of the action to undo' }),
  run: async ({ action, id }, settings) => {
    const client = openOperatorClient(settings);
    if (action === 'undo') {
      if (id === undefined) throw new UsageError('cosmic respond undo needs the id of an action: cosmic respond list');
      const undone = await client.undoResponse(id);
      if (settings.json) return printJson(undone);
      return print(`undone: ${actionText(undone)}; left alone until then`);
    }
    const { actions, rules, journal } = await client.responses();
    if (settings.json) return printJson({ actions, rules, journal });
    if (action === 'journal') {
      if (journal.length === 0) print('nothing was done yet');
      for (const event of journal) print(eventText(event));
      return;
    }
    if (actions.length === 0) print('no signal of abuse is answered now');
    for (const one of actions) print(actionText(one));
    const untried = Object.keys(rules).filter((signal) => rules[signal]!['tried'] === false);
    if (untried.length > 0) print(`these only tell until cosmic policy replay has tried them: ${untried.join(', ')}`);
  },
});

function actionText({ id, what, who, reason, untilMs, perMinute }: RespondAction): string {
  const pace = perMinute === undefined ? '' : ` to ${perMinute} a minute`;
  return `${id}  ${what}${pace}  ${who}  until ${new Date(untilMs).toISOString()}: ${reason}`;
}

function eventText(event: RespondEvent): string {
  return `${new Date(event.eventMs).toISOString()}  ${event.event.padEnd(6)} ${actionText(event)}`;
}
