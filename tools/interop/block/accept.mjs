/** Judges signed.json, which check.py wrote: we have to accept every block, with the same id and the same view of its kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkBlock,
  corePlugins,
  createRegistry,
  fromBase64,
  fromJson,
  sha256,
  toHex,
  toJson,
  verify,
} from '../../../sdk/dist/index.js';
import { createSky } from '../../../sdk/dist/sky/index.js';

const checks = { network: 'dev', registry: createRegistry(corePlugins), verify, sha256, sky: createSky() };
const signed = JSON.parse(readFileSync(join(process.argv[2], 'signed.json'), 'utf8'));
let faults = 0;
for (const { wire, id, kind, inert } of signed) {
  const bytes = fromBase64(wire);
  const checked = checkBlock(bytes, checks);
  const ok =
    checked.status === 'checked' &&
    checked.id === id &&
    checked.entry.kind === kind &&
    (checked.entry.inert?.code ?? null) === inert &&
    toHex(fromJson(toJson(bytes))) === toHex(bytes);
  if (!ok) console.error(`FAULT ${kind} ${id}: ${JSON.stringify(checked).slice(0, 300)}`);
  faults += ok ? 0 : 1;
}
console.log(`${signed.length - faults} of ${signed.length} blocks signed by the other side accepted`);
process.exit(faults === 0 && signed.length === 50 ? 0 : 1);
