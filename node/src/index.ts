export { loadConfig, type NodeConfig } from './config.js';
export { createLog } from './log.js';
export { createNode, type RunningNode } from './node.js';
