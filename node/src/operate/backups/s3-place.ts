import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CosmicError } from '@cosmicembeddings/sdk';
import type { Place } from './place.js';

/** What is used of `@aws-sdk/client-s3`, which is installed by whoever backs up to an object store. */
interface Library {
  readonly S3: new (options: Record<string, unknown>) => Client;
}
interface Client {
  getObject(input: Input): Promise<{ readonly Body?: { transformToByteArray(): Promise<Uint8Array> } }>;
  putObject(input: Input & { readonly Body: Uint8Array }): Promise<unknown>;
  listObjectsV2(input: {
    readonly Bucket: string;
    readonly Prefix: string;
    readonly ContinuationToken?: string;
  }): Promise<{ readonly Contents?: readonly { readonly Key?: string }[]; readonly NextContinuationToken?: string }>;
  deleteObject(input: Input): Promise<unknown>;
}
interface Input {
  readonly Bucket: string;
  readonly Key: string;
}

const LIBRARY = '@aws-sdk/client-s3';
const ATTEMPTS = 5;

/** Objects of a bucket under a prefix. @throws CosmicError config.malformed */
export async function s3Place(address: string): Promise<Place> {
  const { bucket, prefix, endpoint, region } = addressOf(address);
  const { S3 } = await library();
  const client = new S3({
    region,
    maxAttempts: ATTEMPTS,
    // Other makers' stores name their buckets by path, and know no checksums but those of the time before 2025.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
  });
  const label = `s3://${bucket}/${prefix}`;
  const of = (name: string): Input => ({ Bucket: bucket, Key: prefix + name });
  const guarded = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      throw new CosmicError('backup.unreachable', `${label}: ${error.name}: ${error.message}`, { cause: error });
    });
  return {
    label,
    read: (name) =>
      guarded(
        client.getObject(of(name)).then(
          ({ Body }) => Body!.transformToByteArray(),
          (error: Error) => {
            if (error.name === 'NoSuchKey' || error.name === 'NotFound') return undefined;
            throw error;
          },
        ),
      ),
    write: async (name, bytes) => void (await guarded(client.putObject({ ...of(name), Body: bytes }))),
    async list(under) {
      const names: string[] = [];
      for (let token: string | undefined; ;) {
        const page = await guarded(
          client.listObjectsV2({
            Bucket: bucket,
            Prefix: prefix + under,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        );
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) names.push(Key.slice(prefix.length));
        token = page.NextContinuationToken;
        if (token === undefined) return names.sort();
      }
    },
    remove: async (name) => void (await guarded(client.deleteObject(of(name)))),
  };
}

function addressOf(address: string): {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly region: string;
} {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new CosmicError('config.malformed', `backup: ${address}: expected s3://BUCKET/PREFIX?endpoint=URL`);
  }
  const unknown = [...url.searchParams.keys()].find((key) => key !== 'endpoint' && key !== 'region');
  const prefix = url.pathname.replace(/^\/+/, '').replace(/\/+$/, '');
  if (url.hostname === '' || prefix === '' || unknown !== undefined)
    throw new CosmicError(
      'config.malformed',
      unknown === undefined
        ? `backup: ${address}: name a bucket and a prefix of its own, s3://BUCKET/PREFIX`
        : `backup: ${address}: unknown part ${unknown}`,
    );
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:\/\/[^/]+\/?$/.test(endpoint))
    throw new CosmicError('config.malformed', `backup: endpoint: ${endpoint}: expected https://HOST`);
  const region = url.searchParams.get('region') ?? process.env['AWS_REGION'] ?? 'us-east-1';
  return { bucket: url.hostname, prefix: `${prefix}/`, endpoint, region };
}

/** Beside this package, or in the folder where the command was given. */
async function library(): Promise<Library> {
  const beside = createRequire(join(process.cwd(), 'package.json'));
  try {
    return (await import(LIBRARY).catch(
      () => import(pathToFileURL(beside.resolve(LIBRARY)).href) as Promise<unknown>,
    )) as Library;
  } catch (cause) {
    throw new CosmicError('config.malformed', `backup: object storage needs ${LIBRARY}: npm install ${LIBRARY}`, {
      cause,
    });
  }
}
