export { Cid, cidOf, DAG_CBOR, isBlockCid, isCid, parseCid, RAW } from './cid.js';
export { compareKeys, encode } from './encode.js';
export { decode, decodeFirst, DecodeError, type DecodeOptions } from './decode.js';
export { integerUnder, valueUnder } from './skip.js';
export { isMap, type Value, type ValueMap } from './value.js';
export { fromDagJson, setKey, toDagJson } from './dag-json.js';
export { JsonDecimal, JsonError, parseJson, type JsonMap, type JsonValue } from './json-text.js';
