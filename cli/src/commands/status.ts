import { coverageText } from '@cosmicembeddings/sdk/filter';
import { openClient } from '../node-client.js';
import { note, plain, plural, print, printJson, timeText } from '../output.js';
import { openJournal } from '../publish/journal.js';
import { define } from './command.js';
import { peerText } from './peers.js';

export const statusCommand = define<object>({
  command: 'status',
  describe: 'What the node is, holds and runs on, and what is pending here',
  examples: [
    ['cosmic status', 'what it holds and runs on'],
    ['cosmic status --json', 'for a program'],
  ],
  run: async (_args, settings) => {
    const pending = openJournal(settings.home).pending();
    let status;
    try {
      status = await openClient(settings).status();
    } finally {
      // What waits here is worth knowing also when the node does not answer.
      if (pending.length > 0)
        note(
          `${plural(pending.length, 'document')} pending here (cosmic publish without a path does them, as they were asked for):\n${pending
            .slice(0, 10)
            .map(
              ({ intent, reason }) =>
                `  ${intent.path} for ${intent.node}, key ${intent.key ?? 'of the environment'}: ${reason}`,
            )
            .join('\n')}`,
        );
    }
    if (settings.json)
      return printJson({ ...status, pending: pending.map(({ intent, reason }) => ({ ...intent, reason })) });
    const { counts, engines, head } = status;
    print(`node       ${status.node}`);
    print(
      `address    ${settings.node}, network ${status.network}, version ${status.version}, up since ${timeText(status.startedAtMs)}`,
    );
    print(
      `holds      ${plural(head.count, 'block')}, ${plural(counts.rows, 'vector')}, ${plural(counts.authors, 'author')}; ${
        Object.entries(counts.kinds)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ') || 'nothing yet'
      }`,
    );
    for (const space of counts.spaces)
      print(`space      ${space.id}  ${space.space.model}, ${space.space.dims} dims, ${plural(space.rows, 'row')}`);
    for (const embedder of status.embedders) print(`embedder   ${embedder.model}`);
    print(`engines    store ${engines.store}, index ${engines.index}, signatures ${engines.verifier}`);
    print(
      `followers  ${status.followers.map((follower) => `${follower.name} ${follower.lag === 0 ? 'up to date' : `${follower.lag} behind`}`).join(', ')}`,
    );
    if (status.coverage !== undefined) print(`keeps      ${plain(coverageText(status.coverage))}`);
    print(`peers      ${status.peers} connected`);
    // An older node does not say who they are.
    for (const peer of (status as { peering?: typeof status.peering }).peering ?? [])
      print(`           ${peerText(peer)}`);
    for (const text of status.notes) print(`note       ${text}`);
  },
});
