import type { CommandModule } from 'yargs';
import { checkData, checkEmbedder, checkKey, checkPending, checkRuntime, faultOf } from '../doctor/here.js';
import type { Finding } from '../doctor/finding.js';
import { checkNode } from '../doctor/there.js';
import { note, plural, print, printJson, Refused } from '../output.js';
import { paint } from '../paint.js';
import { loadSettings, type GlobalFlags, type Settings } from '../settings.js';

/** Looks at everything that publishing and searching need, and says of each what is wrong and what to do. */
export async function examine(flags: GlobalFlags, environment?: NodeJS.ProcessEnv): Promise<Finding[]> {
  const findings: Finding[] = [checkRuntime()];
  let settings: Settings;
  try {
    settings = loadSettings(flags, environment);
  } catch (error) {
    return [...findings, faultOf('settings', error)];
  }
  const { finding, embedder } = await checkEmbedder(settings);
  const nodes = await Promise.all(settings.node.split(',').map((node) => checkNode({ ...settings, node }, embedder)));
  return [
    ...findings,
    await checkKey(settings),
    finding,
    ...nodes.flatMap(({ findings }) => findings),
    ...checkData(settings, nodes[0]!.answers),
    checkPending(settings),
  ];
}

const SIGNS = { ok: ['✓', 'green'], warning: ['!', 'yellow'], fault: ['✗', 'red'] } as const;

/** Not by `define`: it has something to say also where the settings cannot be read. */
export const doctorCommand: CommandModule<GlobalFlags, GlobalFlags> = {
  command: 'doctor',
  describe: 'Look for what is wrong here and at the node, and say what to do',
  builder: (yargs) => yargs.example('$0 doctor', 'everything that publishing and searching need'),
  handler: async (flags) => {
    const findings = await examine(flags);
    const faults = findings.filter(({ state }) => state === 'fault').length;
    if (flags.json === true) printJson({ findings, faults });
    else {
      for (const { check, state, what, remedy } of findings) {
        const [sign, colour] = SIGNS[state];
        print(`${paint(colour, sign)} ${check.padEnd(10)} ${what}`);
        if (remedy !== undefined) print(`             → ${remedy}`);
      }
      note(faults === 0 ? 'nothing is broken' : `${plural(faults, 'thing')} to mend`);
    }
    if (faults > 0) throw new Refused();
  },
};
