import { checkAny, CosmicError, portableChecks } from '@cosmicembeddings/sdk';
import { receiptsOf, witnessedMs, WITNESSES_MIN } from '@cosmicembeddings/sdk/api';
import { tierMeaning, timeEvidence } from '@cosmicembeddings/sdk/sky';
import { openClient } from '../node-client.js';
import { print, printJson } from '../output.js';
import { operatorFlag, operatorsOf } from '../publish/copies.js';
import { define } from './command.js';

interface WitnessFlags {
  id: string;
  operator?: string[] | undefined;
}

export const witnessCommand = define<WitnessFlags>({
  command: 'witness <id>',
  describe: 'Which nodes signed that they had seen a block, verified here, and whether that makes it witnessed',
  examples: [['cosmic witness bafy… --operator did:key:z6Mk…', 'which nodes you trust saw it, and when']],
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'id of the block (bafy…)' })
      .option('operator', operatorFlag),
  run: async ({ id, operator }, settings) => {
    const operators = operatorsOf(operator) ?? [];
    const client = openClient(settings);
    const checks = portableChecks(settings.network);
    const view = await client.get(id);
    if (view === undefined) throw new CosmicError('block.not_found', id);
    const checked = checkAny(view.wire, checks);
    if (checked.status === 'rejected') throw new CosmicError(checked.code, checked.detail);
    if (checked.id !== id)
      throw new CosmicError('block.malformed', `the node gave another block than asked: ${checked.id}`);
    const { author, timeMs } = checked.entry;
    const receipts = await receiptsOf(client, id, checks);
    const evidence = timeEvidence(timeMs, view.firstSeenMs, witnessedMs(receipts, operators, author));
    if (settings.json) return printJson({ id, author, ...evidence, receipts });
    for (const { node, seenMs } of receipts)
      print(`${new Date(seenMs).toISOString()}  ${node}${operators.includes(node) ? '  trusted' : ''}`);
    if (receipts.length === 0) print('no receipts');
    print(tierMeaning[evidence.tier]);
    if (evidence.witnessedMs !== undefined)
      print(`Two operators that you trust had seen it by ${new Date(evidence.witnessedMs).toISOString()}.`);
    else print(`It takes receipts of ${WITNESSES_MIN} operators whom you name with --operator DID.`);
  },
});
