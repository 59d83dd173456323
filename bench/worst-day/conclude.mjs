import { record } from '../accept/record.mjs';

/**
 * Ends a script: prints its result, writes it down unless WORST_DAY_RECORD=no (tests), exit status 1 when something broke.
 * `broken`: promises that hold on any machine; `missed`: figures, which a busy machine misses as well.
 */
export function conclude(file, result, broken, missed = []) {
  const all = [...broken, ...missed];
  const line = { ...result, broken, missed, verdict: all.length === 0 ? 'holds' : `BROKEN: ${all.join('; ')}` };
  if (process.env.WORST_DAY_RECORD === 'no') console.log(JSON.stringify(line));
  else record(`../worst-day/results/${file}.jsonl`, line);
  process.exit(all.length === 0 ? 0 : 1);
}
