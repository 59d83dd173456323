import { CosmicError, type SearchAnswer, type SearchRequest } from '@cosmicembeddings/sdk';
import type { Views } from './views.js';

/** Where it was asked for, what views say of each hit; hits that are shown although they are hidden say why in any case. */
export async function withVerdicts(
  answer: SearchAnswer,
  request: SearchRequest,
  views: Pick<Views, 'verdicts' | 'isHidden'>,
): Promise<SearchAnswer> {
  if (request.hidden !== 'show' && request.verdicts !== true) return answer;
  const ids = answer.hits.map(({ id }) => id).filter((id) => request.verdicts === true || views.isHidden(id));
  if (ids.length === 0) return answer;
  let found: Awaited<ReturnType<Views['verdicts']>>;
  try {
    found = await views.verdicts(ids);
  } catch (error) {
    // The hits are right without them.
    if (!(error instanceof CosmicError)) throw error;
    return { ...answer, notes: [...(answer.notes ?? []), `what views say of the hits is not known: ${error.message}`] };
  }
  const said = new Map(found.map((list, i) => [ids[i]!, list]));
  const hits = answer.hits.map((hit) => {
    const verdicts = said.get(hit.id) ?? [];
    return verdicts.length === 0 ? hit : { ...hit, verdicts };
  });
  return { ...answer, hits };
}
