/** Writes blocks.json for check.py: sound blocks of every kind and storage form, and mutated ones that we refuse. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkBlock,
  corePlugins,
  createRegistry,
  openBlock,
  sha256,
  toBase64,
  verify,
} from '../../../sdk/dist/index.js';
import { createSky } from '../../../sdk/dist/sky/index.js';
import { sampleBlocks } from '../../../sdk/dist/testing/index.js';
import { inertBlocks, invalidBlocks, validBlocks } from '../../vectors/cases.mjs';

const sky = createSky();
const stamp = (at) => sky.stamp(at);
const checks = { network: 'dev', registry: createRegistry(corePlugins), verify, sha256, sky };

const samples = Array.from({ length: 16 }, (_, i) => sampleBlocks(stamp, i)).flat();
const good = [
  ...samples.map(({ name, wire }) => [name, wire]),
  ...validBlocks(stamp),
  ...inertBlocks(stamp).map(([rule, , wire]) => [rule, wire]),
].map(([name, wire]) => {
  const checked = checkBlock(wire, checks);
  if (checked.status !== 'checked') throw new Error(`${name}: ${checked.code} ${checked.detail}`);
  const { header } = openBlock(wire).block;
  const { timestamp, observer_location, cosmic_signature } = header;
  return {
    name,
    wire: toBase64(wire),
    id: checked.id,
    author: checked.entry.author,
    kind: checked.entry.kind,
    inert: checked.entry.inert?.code ?? null,
    header: JSON.stringify({ timestamp, observer_location, cosmic_signature }),
  };
});

/** The other side has no ephemeris and no list of constellations. */
const needsSky = (code, rule) => code === 'sky.mismatch' || /label/.test(rule);
const mutated = invalidBlocks(stamp)
  .filter(([rule, code]) => !needsSky(code, rule))
  .map(([name, code, wire]) => ({ name, code, wire: toBase64(wire) }));
let state = 12345;
const random = (n) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % n;
while (mutated.length < 300) {
  const { name, wire } = samples[random(samples.length)];
  const bent = wire.slice();
  const at = random(bent.length);
  bent[at] ^= 1 << random(8);
  const checked = checkBlock(bent, checks);
  if (checked.status !== 'rejected') throw new Error(`a flipped bit at ${at} of ${name} was accepted`);
  mutated.push({ name: `${name}, bit flipped in byte ${at}`, code: checked.code, wire: toBase64(bent) });
}
writeFileSync(join(process.argv[2], 'blocks.json'), JSON.stringify({ network: 'dev', good, mutated }));
