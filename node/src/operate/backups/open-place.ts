import { CosmicError } from '@cosmicembeddings/sdk';
import { folderPlace } from './folder-place.js';
import type { Place } from './place.js';
import { s3Place } from './s3-place.js';

/**
 * A folder, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME` (S3 or what speaks like it; credentials as the AWS tools find
 * them: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, profiles). @throws CosmicError config.malformed
 */
export function openPlace(address: string): Promise<Place> {
  if (/^s3:/i.test(address)) return s3Place(address);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(address))
    throw new CosmicError('config.malformed', `backup: ${address}: give a folder or s3://BUCKET/PREFIX`);
  return Promise.resolve(folderPlace(address));
}

/** Is this where backups are kept, rather than a folder with one copy of a store? */
export async function isRepository(address: string): Promise<boolean> {
  return /^s3:/i.test(address) || (await folderPlace(address).list('backups/')).length > 0;
}
