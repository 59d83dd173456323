import { CosmicError } from '@cosmicembeddings/sdk';

const HINT_CHARS = 2048;
const HINTS_MAX = 500;

/** Nodes that registered themselves: hints for people, never dialled because of it. Bounded, oldest dropped. */
export class NodeHints {
  private readonly hints = new Map<string, Record<string, unknown>>();

  add(text: string): Record<string, unknown> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new CosmicError('request.malformed', 'send the node as JSON', { cause });
    }
    const node = value as Record<string, unknown>;
    if (typeof node !== 'object' || node === null || typeof node['id'] !== 'string' || text.length > HINT_CHARS)
      throw new CosmicError('request.malformed', 'expected {"id", "name", "location", …} of at most 2,048 characters');
    this.hints.delete(node['id']);
    this.hints.set(node['id'], node);
    if (this.hints.size > HINTS_MAX) this.hints.delete(this.hints.keys().next().value!);
    return node;
  }

  list(): Record<string, unknown>[] {
    return [...this.hints.values()];
  }
}
