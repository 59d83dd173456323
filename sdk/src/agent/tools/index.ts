import type { PluginInfo } from '../../api/plugin-info.js';
import type { MemoryParts } from '../parts.js';
import type { Memory } from '../types.js';
import { readingTools, type ReadingParts } from './reading.js';
import type { Tool } from './tool.js';
import { viewTools, type Ask } from './views.js';
import { writingTools } from './writing.js';

export { aiSdkTools, embedderOfModel, type AiSdkEmbeddingModel, type AiSdkTool } from './ai-sdk.js';
export { publishTool, type PublishSigned } from './publish.js';
export { readingTools, type ReadingParts } from './reading.js';
export { shown } from './show.js';
export type { Tool, ToolAnswer } from './tool.js';
export { between, untrusted, UNTRUSTED_NOTE, type Untrusted } from './untrusted.js';
export { viewTools, type Ask } from './views.js';
export { writingTools } from './writing.js';

export interface ToolParts {
  readonly memory: Memory;
  readonly api: MemoryParts['api'];
  readonly checks: MemoryParts['checks'];
  /** What the node's plug-ins offer, where their views are to be asked. */
  readonly plugins?: readonly PluginInfo[];
  randomBytes(length: number): Uint8Array;
}

/** One's own memory as tools for a language model, in a fixed order. */
export function memoryTools(parts: ToolParts): Tool[] {
  const { memory, api, checks, plugins = [], randomBytes } = parts;
  const [remember, forget] = writingTools(memory);
  const reading: ReadingParts = { reader: memory, api, checks, isOwn: true, randomBytes };
  const ask: Ask = (view, question, params) => api.view(view, question, params);
  return [remember!, ...readingTools(reading), forget!, ...viewTools(plugins, ask, randomBytes)];
}
