import { openMemory, type OpenOptions } from '@cosmicembeddings/sdk/agent';

/** Three verbs: what an agent remembers it finds again by meaning, on any node, with proof of who said it. */
export async function kiln(options: OpenOptions): Promise<string[]> {
  const memory = await openMemory<{ topic?: string }>(options);
  await memory.remember('The kiln fires at 1240 °C.', { id: 'kiln', metadata: { topic: 'pottery' } });
  await memory.remember('Bread is baked at 230 °C.', { id: 'oven', metadata: { topic: 'kitchen' } });

  const hits = await memory.search('how hot is the kiln?', { where: { topic: 'pottery' } });
  const lines = hits.map((hit) => `${hit.text ?? ''} (verified: ${hit.verified})`);

  // The same id again is the next version: the first is found no more, and stays provable.
  await memory.remember('The kiln fires at 1260 °C since May.', { id: 'kiln', metadata: { topic: 'pottery' } });
  lines.push((await memory.get('kiln'))?.text ?? '');

  await memory.forget('oven');
  lines.push(`oven: ${(await memory.get('oven')) === undefined ? 'forgotten' : 'still there'}`);
  return lines;
}
