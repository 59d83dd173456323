import type { Database } from './driver.js';
import type { StoreWriter } from './writer.js';
import { unpackBlocks, type WriterRequest, type WriterResult } from './writer-protocol.js';

/** Carries out one request, in the worker or in line. */
export function answerOf(request: WriterRequest, writer: StoreWriter, database: Database): WriterResult {
  switch (request.type) {
    case 'put':
      return writer.put(unpackBlocks(request.blocks));
    case 'erase': {
      const seqs = writer.erase(request.ids, request.reason, request.withhold);
      truncateLog(database);
      return seqs;
    }
    case 'decide':
      return void writer.decide(request.items);
    case 'judge':
      return writer.judge(unpackBlocks(request.blocks), request.place);
    case 'judged':
      return void writer.judged(request.kinds);
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

function checkpoint(database: Database): boolean {
  try {
    return database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
  } catch {
    return false;
  }
}

const AGAIN_MS = 500;

/** What was erased must not linger in the log: tries until no reader is in the way, or the store is closed, which truncates. */
function truncateLog(database: Database, tries = 1000): void {
  if (!checkpoint(database) && tries > 0) setTimeout(() => truncateLog(database, tries - 1), AGAIN_MS).unref();
}
