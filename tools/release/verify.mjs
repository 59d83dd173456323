/** Is a folder the release that this author signed? `node tools/release/verify.mjs FOLDER did:key:… [--network ID]` */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { releaseKind } from './kind.mjs';
import { checkAny, decodeBody, portableChecks, sha256, toHex } from '../../sdk/dist/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { network: { type: 'string', default: 'dev' } },
});
const [folder, did] = positionals;
if (did === undefined) throw new Error('usage: verify.mjs FOLDER did:key:… [--network ID]');

const faults = [];
const checked = checkAny(readFileSync(join(folder, 'manifest.cbor')), portableChecks(values.network));
if (checked.status === 'rejected') faults.push(`manifest.cbor: ${checked.code}: ${checked.detail}`);
else if (checked.entry.author !== did) faults.push(`manifest.cbor is signed by ${checked.entry.author}`);
else if (checked.entry.kind !== releaseKind.name) faults.push(`manifest.cbor is a ${checked.entry.kind}`);
else {
  const read = releaseKind.parse(checked.entry, decodeBody(checked.body).body);
  if (!read.ok) throw new Error(read.detail);
  const { body } = read;
  const there = new Set(readdirSync(folder));
  there.delete('manifest.cbor');
  there.delete('SHA256SUMS');
  for (const { name, sha256: digest } of body.files)
    if (!there.delete(name)) faults.push(`${name} is missing`);
    else if (toHex(sha256(readFileSync(join(folder, name)))) !== toHex(digest))
      faults.push(`${name} is not what was signed`);
  for (const name of there) faults.push(`${name} is not in the manifest`);
  if (faults.length === 0)
    console.log(`${body.version} of ${body.commit ?? 'no commit'}: ${body.files.length} files as signed`);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
