export { loadConfig, type NodeConfig } from './operate/config.js';
export { createLog } from './log.js';
export { createNode, type RunningNode } from './node.js';
