import { codes, type BlockTrace, type Code } from '@cosmicembeddings/sdk';
import { openClient } from '../node-client.js';
import { print, printJson, shortDid } from '../output.js';
import { define } from './command.js';

interface TraceFlags {
  id: string;
}

export const traceCommand = define<TraceFlags>({
  command: 'trace <id>',
  describe: 'By which way a block came to the node, which peers have it, and why it is not there',
  examples: [['cosmic trace bafy…', 'by which way it came, or why it is not there']],
  builder: (yargs) => yargs.positional('id', { type: 'string', demandOption: true, describe: 'id of the block' }),
  run: async ({ id }, settings) => {
    const trace = await openClient(settings).trace(id);
    if (settings.json) return printJson(trace);
    for (const line of linesOf(trace)) print(line);
  },
});

const HERE: Readonly<Record<BlockTrace['here'], string>> = {
  whole: 'is here, body and all',
  header: 'is here without its body, which other peers are asked for',
  erased: 'was erased here; only what was signed about it is left, and the body never returns',
  no: 'is not here',
};

/** The trace in words, for somebody who looks for a block. */
export function linesOf(trace: BlockTrace): string[] {
  const { here, firstSeenMs, arrivals, peers, offeredBy, askedOf, retryAtMs } = trace;
  const who = ({ address, node }: { address: string; node?: string }): string =>
    node === undefined ? address : `${address} (${shortDid(node)})`;
  const at = (ms: number): string => new Date(ms).toISOString();
  const refused = arrivals.some(({ outcome }) => Object.hasOwn(codes, outcome));
  return [
    `the block ${HERE[here]}${firstSeenMs === undefined ? '' : `; first seen ${at(firstSeenMs)}`}`,
    ...arrivals.map((one) => `came       ${at(one.atMs)} from ${who(one)}: ${outcomeText(one.outcome)}`),
    ...peers.map(
      (one) =>
        `${one.says === 'has' ? 'has it    ' : 'gives not '} ${who(one)}${one.proven ? '' : ', whose identity is not proven'}`,
    ),
    ...offeredBy.map(
      (address) => `offered by ${address}${address === askedOf ? ', and asked for there now' : ', and not given yet'}`,
    ),
    ...(retryAtMs === undefined ? [] : [`asked for again ${at(retryAtMs)}`]),
    ...(here === 'no' && !refused && offeredBy.length === 0 && retryAtMs === undefined
      ? ['no peer has offered it since the node started: cosmic sync URL compares with one that should have it']
      : []),
  ];
}

function outcomeText(outcome: string): string {
  if (outcome === 'stored') return 'new, and kept';
  if (outcome === 'known') return 'it was here already';
  if (outcome === 'later') return 'too far ahead of this node’s clock';
  return Object.hasOwn(codes, outcome) ? `${outcome}: ${codes[outcome as Code].meaning}` : outcome;
}
