import type { Database } from './driver.js';
import type { StoreWriter } from './writer.js';
import { unpackBlocks, type WriterRequest, type WriterResult } from './writer-protocol.js';

/** Carries out one request, in the worker or in line. */
export function answerOf(request: WriterRequest, writer: StoreWriter, database: Database): WriterResult {
  switch (request.type) {
    case 'put':
      return writer.put(unpackBlocks(request.blocks));
    case 'erase': {
      const seqs = writer.erase(request.ids, request.reason);
      // What was erased must not linger in the log.
      checkpoint(database);
      return seqs;
    }
    case 'decide':
      return void writer.decide(request.items);
    case 'undecide':
      return void writer.undecide();
    case 'checkpoint':
      return void checkpoint(database);
    case 'vacuum':
      checkpoint(database);
      database.exec('VACUUM');
      return void checkpoint(database);
    case 'close':
      checkpoint(database);
      return void database.close();
  }
}

function checkpoint(database: Database): void {
  try {
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  } catch {
    // A reader is in the way; the next one truncates.
  }
}
