import { parseArgs } from 'node:util';
import { CosmicError } from '@cosmicembeddings/sdk';
import { wholeOf } from '@cosmicembeddings/sdk/schema';
import { readPlan } from './plan.js';
import { reportOf, reportText } from './report.js';
import { simulate } from './simulate.js';

const options = { seed: { type: 'string' }, seeds: { type: 'string' }, json: { type: 'boolean' } } as const;

/** `simulate world.json [--seed N] [--seeds COUNT] [--json]`: exit status 1 where an invariant breaks. */
export async function simulateCommand(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new CosmicError('config.malformed', 'simulate: give one file, such as world.json (docs/simulate.md)');
  const given = whole('seed', values.seed);
  const count = whole('seeds', values.seeds) ?? 1;
  for (let i = 0; i < count; i++) {
    const read = await readPlan(file, given);
    const plan = { ...read, seed: read.seed + i };
    const outcome = await simulate(plan);
    const replay = `cosmic simulate ${file} --seed ${plan.seed}`;
    const text =
      values.json === true ? JSON.stringify(reportOf(plan, outcome, replay)) : reportText(plan, outcome, replay);
    process.stdout.write(`${text}\n`);
    if (outcome.violations.length > 0) process.exitCode = 1;
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = wholeOf(text);
  if (number === undefined) throw new CosmicError('config.malformed', `--${name} ${text}: expected a whole number`);
  return number;
}
