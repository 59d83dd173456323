import type { Hit, Item } from '../types.js';
import { ANSWER_MAX, between, untrusted, UNTRUSTED_NOTE } from './untrusted.js';

export function shown(item: Item | Hit): Record<string, unknown> {
  const passage = item.text === undefined ? undefined : untrusted(item.text);
  return {
    id: item.id,
    block: item.block,
    row: item.row,
    ...(passage === undefined ? {} : { untrusted_text: passage.text, altered: passage.altered }),
    metadata: item.metadata,
    tags: item.tags,
    ...(item.origin === undefined ? {} : { origin: item.origin }),
    claimed_time: new Date(item.timeMs).toISOString(),
    time_tier: item.timeTier,
    versions: item.versions,
    author: item.author,
    ...('strength' in item ? { strength: item.strength, verified: item.verified, why: item.why } : {}),
    ...('verdicts' in item ? { standing: (item.verdicts ?? []).map(({ view, says }) => `${view}: ${says}`) } : {}),
  };
}

export function render(items: readonly (Item | Hit)[], nonce: string): string {
  if (items.length === 0) return 'Nothing found.';
  const parts: string[] = [UNTRUSTED_NOTE];
  let length = 0;
  for (const [i, item] of items.entries()) {
    const passage = item.text === undefined ? '(no text in the block)' : between(nonce, untrusted(item.text).text);
    const part = `${headline(item, i + 1)}\n${passage}`;
    length += part.length;
    if (length > ANSWER_MAX && i > 0) {
      parts.push(`${items.length - i} more are in the structured answer.`);
      break;
    }
    parts.push(part);
  }
  return parts.join('\n\n');
}

function headline(item: Item | Hit, number: number): string {
  const { author } = item;
  const who = author.mine
    ? 'you'
    : author.name !== undefined
      ? `${untrusted(author.name, 64).text} (trusted)`
      : `a stranger, ${author.did}`;
  const strength = 'strength' in item ? `, ${item.strength} match, ${item.verified ? 'verified' : 'NOT verified'}` : '';
  const verdicts = 'verdicts' in item ? (item.verdicts ?? []) : [];
  const standing = verdicts.length === 0 ? '' : `, ${verdicts.map(({ says }) => says).join(', ')}`;
  const versions = item.versions > 1 ? `, ${item.versions} versions stand` : '';
  return `${number}. ${untrusted(item.id, 128).text} by ${who}${strength}${standing}, ${item.timeTier} ${new Date(item.timeMs).toISOString()}${versions}, block ${item.block}`;
}
