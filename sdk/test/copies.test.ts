import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

/** Two copies of the modules, as a bundled node and a plug-in that has the SDK beside it hold them. */
const program = `
  const at = (path) => ${JSON.stringify(new URL('../dist/', import.meta.url).href)} + path;
  const [errors, others] = await Promise.all([import(at('errors.js')), import(at('errors.js?copy'))]);
  const [cids, otherCids] = await Promise.all([import(at('codec/cid.js')), import(at('codec/cid.js?copy'))]);
  const { encode } = await import(at('codec/encode.js'));
  class Special extends errors.CosmicError {}
  const bytes = new Uint8Array(36).fill(1);
  const [error, special, cid] = [new others.CosmicError('node.busy', ''), new Special('node.busy', ''), new otherCids.Cid(bytes)];
  console.log(JSON.stringify({
    copies: errors.CosmicError !== others.CosmicError && cids.Cid !== otherCids.Cid,
    error: [error instanceof errors.CosmicError, error instanceof Special, new Error() instanceof errors.CosmicError],
    special: [special instanceof errors.CosmicError, special instanceof Special, special instanceof others.CosmicError],
    none: [null, undefined, 'x', {}].some((one) => one instanceof errors.CosmicError || one instanceof cids.Cid),
    cid: cid instanceof cids.Cid,
    encoded: Buffer.from(encode(cid)).equals(Buffer.from(encode(new cids.Cid(bytes)))),
  }));`;

test('errors and CIDs of another copy of the SDK are what they are', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(JSON.parse(stdout)).toEqual({
    copies: true,
    error: [true, false, false],
    special: [true, true, true],
    none: false,
    cid: true,
    encoded: true,
  });
});
