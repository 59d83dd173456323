import { createHash } from 'node:crypto';
import type { Sha256 } from '@cosmicembeddings/sdk';

/** SHA-256 by OpenSSL. */
export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest();
