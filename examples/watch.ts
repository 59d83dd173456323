import { openMemory, type OpenOptions } from '@cosmicembeddings/sdk/agent';

/** One agent waits for news of kilns; another, whom it trusts, remembers something. Answers what was told, and whose it is. */
export async function news(of: (name: string) => OpenOptions): Promise<string[]> {
  const bob = await openMemory(of('bob'));
  const ann = await openMemory({ ...of('ann'), trust: { bob: bob.author } });
  const told: string[] = [];
  // `minScore` is a cosine; left out, the node says from which one on something is near.
  for await (const event of ann.watch({ near: 'how hot is the kiln?', minScore: 0.4 })) {
    if (event.type === 'live') {
      await bob.remember('Parliament voted on taxes.');
      await bob.remember('The kiln fires at 1240 °C.', { id: 'kiln' });
    } else if (event.type === 'hit') {
      told.push(`${event.hit.author.name}: ${event.hit.text} (verified: ${event.hit.verified})`);
      await bob.forget('kiln');
    } else if (event.type === 'gone') {
      told.push(`gone: ${event.why}`);
      break;
    }
  }
  return told;
}
