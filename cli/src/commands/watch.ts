import { verifyHit } from '@cosmicembeddings/sdk/api';
import { portableChecks, type WatchEvent, type WatchRequest } from '@cosmicembeddings/sdk';
import { openClient } from '../node-client.js';
import { note, print, shortDid, UsageError } from '../output.js';
import { define } from './command.js';
import { filterFlags, filterOf, type FilterFlags } from './filter.js';
import { hitText } from './search.js';

interface WatchFlags extends FilterFlags {
  words?: string[] | undefined;
  like?: string | undefined;
  minScore?: number | undefined;
  after?: string | undefined;
  verify: boolean;
}

export const watchCommand = define<WatchFlags>({
  command: 'watch [words..]',
  describe: 'Go on, and say when something near is published, here or on any node that this one hears of',
  examples: [
    ["cosmic watch 'a kiln that cracks'", 'a line for each new passage that is near'],
    ['cosmic watch --tag pottery --json', 'all of a tag, for a program'],
  ],
  builder: (yargs) =>
    filterFlags(yargs)
      .positional('words', {
        type: 'string',
        array: true,
        describe: 'near to what, in plain words; none: all that passes',
      })
      .option('like', { type: 'string', describe: 'near to the block with this id, instead of words' })
      .option('min-score', {
        type: 'number',
        describe: 'the least cosine; left out: what the space calls a fair match',
      })
      .option('after', { type: 'string', describe: 'go on behind this cursor of an earlier watch' })
      .option('verify', {
        type: 'boolean',
        default: true,
        describe: 'fetch and verify every hit; --no-verify: trust the node',
      }),
  run: async (args, settings) => {
    const client = openClient(settings);
    const checks = portableChecks(settings.network);
    const ending = new AbortController();
    process.once('SIGINT', () => ending.abort());
    let queries: readonly { space: string; vector: readonly number[] }[] = [];
    let cursor = args.after;
    for await (const event of client.watch(requestOf(args), ending.signal)) {
      cursor = event.cursor;
      if (event.type === 'opened') queries = event.spaces;
      const mark =
        event.type === 'hit' && args.verify ? await verifyHit(event.hit, { queries }, client, checks) : undefined;
      // One object a line: who reads it need not wait for an end.
      if (settings.json) print(JSON.stringify(mark === undefined ? event : { ...event, verified: mark }));
      else show(event, mark);
    }
    if (!settings.json && cursor !== undefined) note(`go on with --after ${cursor}`);
  },
});

function requestOf(args: WatchFlags): WatchRequest {
  const text = (args.words ?? []).join(' ').trim();
  if (text !== '' && args.like !== undefined) throw new UsageError('--like takes the place of words; give one of them');
  if (args.minScore !== undefined && !(args.minScore >= -1 && args.minScore <= 1))
    throw new UsageError(`--min-score ${String(args.minScore)}: a cosine, from -1 to 1`);
  return {
    ...(text === '' ? {} : { near: { text } }),
    ...(args.like === undefined ? {} : { near: { like: { id: args.like } } }),
    ...(args.minScore === undefined ? {} : { minScore: args.minScore }),
    ...(args.after === undefined ? {} : { after: args.after }),
    filter: filterOf(args),
  };
}

function show(event: WatchEvent, mark: Awaited<ReturnType<typeof verifyHit>> | undefined): void {
  if (event.type === 'hit') print(`${hitText(event.hit, undefined, mark)}\n`);
  else if (event.type === 'gone') print(`gone: ${event.id} (${event.why})\n`);
  else if (event.type === 'held') note(`${event.n} more by ${shortDid(event.author)} were not shown`);
  else if (event.type === 'gap') note(`a gap (${event.reason}). ${event.advice}`);
  else if (event.type === 'live') note('watching; end with Ctrl-C');
}
