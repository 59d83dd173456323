export { createMcpHttp, type McpHttp, type McpHttpOptions } from './http.js';
export type { ResourceParts } from './resources.js';
export type { Consent, ServerParts } from './server.js';
