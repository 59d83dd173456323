import type { Cursor, SearchAnswer } from '@cosmicembeddings/sdk';

/**
 * While blocks of changed kinds are judged anew, some are found as they were and some as they are now: the answer says so, and
 * reaches no further than that. `judgedTo`: all up to there is judged by the kinds of now.
 */
export function whileJudging(answer: SearchAnswer, judgedTo: Cursor | undefined): SearchAnswer {
  if (judgedTo === undefined) return answer;
  const { head, indexedTo } = answer;
  const seq = judgedTo.epoch === head.epoch ? Math.max(0, judgedTo.seq) : 0;
  if (seq >= head.seq) return answer;
  return {
    ...answer,
    indexedTo: { epoch: head.epoch, seq: Math.min(seq, indexedTo.epoch === head.epoch ? indexedTo.seq : 0) },
    notes: [
      ...(answer.notes ?? []),
      `a plug-in was switched on, off or changed: of its kinds, blocks after ${seq} of ${head.seq} may be found as before`,
    ],
  };
}
