export { memoryTools, type ToolParts } from './memory-tools.js';
export type { Tool, ToolAnswer } from './tool.js';
export { between, untrusted, UNTRUSTED_NOTE, type Untrusted } from './untrusted.js';
