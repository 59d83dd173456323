import { pino, type Logger } from 'pino';
import type { NodeConfig } from './config.js';

/** Structured log lines on standard error: events and numbers, never payloads. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'child'>;

export function createLog(level: NodeConfig['log']): Logger {
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, pino.destination(2));
}
