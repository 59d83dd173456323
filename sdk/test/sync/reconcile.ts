import { createReconciler, type ItemSet } from '../../src/sync/index.js';

/** Runs two sides against each other; the messages alternate, the client's first. */
export function reconcile(client: ItemSet, server: ItemSet, clientLimit = 0, serverLimit = clientLimit) {
  const c = createReconciler(client, { frameLimit: clientLimit });
  const s = createReconciler(server, { frameLimit: serverLimit });
  const messages: Uint8Array[] = [];
  const have: Uint8Array[] = [];
  const need: Uint8Array[] = [];
  let message: Uint8Array | undefined = c.initiate();
  while (message !== undefined) {
    if (messages.length > 10_000) throw new Error('does not end');
    const answer: Uint8Array = s.step(message).reply!;
    messages.push(message, answer);
    const step = c.step(answer);
    have.push(...step.have.map((item) => item.digest));
    need.push(...step.need);
    message = step.reply;
  }
  return { messages, have, need };
}
