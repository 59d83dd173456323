import { openMemory, type OpenOptions } from '@cosmicembeddings/sdk/agent';
import { newAgeKey } from '@cosmicembeddings/sdk/sealed';

/** A memory that only named readers can read: the node keeps it, and sees its author, its time and its size. */
export async function forBobAlone(of: (name: string) => OpenOptions): Promise<Record<string, string[]>> {
  // Bob makes a key once, keeps the identity and tells the recipient to whom he wants to be read by.
  const { identity, recipient } = await newAgeKey();

  const ann = await openMemory(of('ann'));
  await ann.remember('The spare key is under the blue stone.', { id: 'key', tags: ['house'], for: [recipient] });

  const bob = await openMemory({ ...of('bob'), trust: { ann: ann.author }, identities: [identity] });
  const eve = await openMemory({ ...of('eve'), trust: { ann: ann.author } });

  const question = 'where is the spare key?';
  return {
    bob: (await bob.search(question)).map(({ text, author }) => `${author.name}: ${text}`),
    eve: (await eve.search(question)).map(({ text }) => text ?? ''),
    // With `private` not even the question goes to the node.
    alone: (await bob.search(question, { private: true })).map(({ sealed }) => `sealed: ${sealed}`),
  };
}
