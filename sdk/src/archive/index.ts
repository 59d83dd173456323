export { writeCar, type BlockSource } from './write-car.js';
export { readCar } from './read-car.js';
export { jsonLineOf, wireOfJson } from './json-lines.js';
export { npyOf, rowTables, type RowTable } from './npy.js';
