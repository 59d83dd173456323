export { createMcpHttp, isListening, type McpHttp, type McpHttpOptions } from './http.js';
export { watchUri } from './question.js';
export type { ResourceParts } from './resources.js';
export type { Consent, ServerParts } from './server.js';
