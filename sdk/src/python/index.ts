export { BlockBuilder, type BuilderOptions } from './block-builder.js';
export {
  checkPythonBlock,
  legacySpace,
  openPythonBlock,
  PYTHON_KIND,
  pythonContent,
  rowsOf,
  timeOf,
  type PythonBlock,
  type PythonRows,
} from './block.js';
export { Config, type ConfigSources, type ConfigValues } from './config.js';
export { compareCodePoints, dumps, floatRepr } from './dumps.js';
export { PyFloat, PyInt, PyJsonError, readPythonJson, type PyDict, type PyValue } from './read.js';
export { checkSignature, shapeOf, type PythonShape, type PythonSignature } from './signature.js';
export { Signer } from './signer.js';
export { SyncClient, type SearchOptions, type SyncClientOptions } from './sync-client.js';
export {
  CosmicValidator,
  CosmoValidator,
  cosmoHash,
  skyFault,
  type Validated,
  type ValidatorOptions,
} from './validator.js';
export { toPlain, toPython, type Plain } from './write.js';
