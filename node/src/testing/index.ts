export { makeBlock, makeReceipt, NETWORK, nodeDid, numbersOf, seedOf } from './blocks.js';
export { createDoor, type DoorOptions } from './door.js';
export { hostiles, type Hostile } from './hostiles.js';
export { linksOf, planOf, readPlan, topologies, worldSchema, type Plan, type Topology } from './plan.js';
export { reportOf, reportText } from './report.js';
export { simulate, simulatedLimits, type Outcome, type Watching } from './simulate.js';
export { Stranger } from './stranger.js';
export { quiet, World, type Defence, type NodeOptions, type TestNode } from './world.js';
