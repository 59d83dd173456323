import { checkAny, CosmicError, type Checks, type Verdict } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { plain } from './output.js';

/** A line each for what views of the node say of a block; `checked`: what of it was found true here. */
export function verdictLine({ view, says, why, local }: Verdict, checked?: string): string {
  const whose = local === true && checked === undefined ? `${view}, as this node has seen it` : view;
  return `! ${plain(says)}: ${checked ?? plain(why)} (${plain(whose)})`;
}

/**
 * Asks what views say of a block, and checks here what can be checked: that a block on which a verdict rests is sound, by the
 * same author, and speaks of this one.
 */
export async function spokenOf(
  client: Pick<NodeClient, 'verdicts' | 'get'>,
  id: string,
  author: string,
  checks: Checks,
): Promise<string[]> {
  let verdicts: readonly Verdict[];
  try {
    verdicts = await client.verdicts(id);
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    return [`· what views say of it is not known: the node does not tell (${error.code})`];
  }
  if (verdicts.length === 0) return ['· the node’s views have nothing to say of it, which proves nothing'];
  const lines: string[] = [];
  for (const verdict of verdicts)
    lines.push(verdictLine(verdict, await provenBy(verdict, { client, id, author, checks })));
  return lines;
}

async function provenBy(
  { by = [] }: Verdict,
  about: { client: Pick<NodeClient, 'get'>; id: string; author: string; checks: Checks },
): Promise<string | undefined> {
  for (const other of by) {
    const view = await about.client.get(other);
    const checked = view === undefined ? undefined : checkAny(view.wire, about.checks);
    if (
      checked?.status === 'checked' &&
      checked.id === other &&
      checked.entry.author === about.author &&
      checked.entry.refs.some((ref) => ref.id === about.id)
    )
      return `by its author in ${other}, verified here`;
  }
  return undefined;
}
