/** Every bound of the formats in one place; specs/ gives the reasons. */
export const limits = {
  headerMaxBytes: 4096,
  bodyMaxBytes: 4 * 1024 * 1024,
  /** A version-1 text: reading and writing it anew, as its signature wants, costs some fifty times what native bytes do. */
  pythonMaxBytes: 1024 * 1024,
  /** Numbers, texts, lists and maps in it: 85 rows of 768 numbers, more than a MiB of them as Python writes them. */
  pythonValuesMax: 65_536,
  /** JSON form of one block: a float32 takes up to four times its bytes, an escaped character up to six. */
  jsonMaxBytes: 32 * 1024 * 1024,
  nestingMax: 16,
  saltBytes: 16,
  tagsMax: 64,
  tagMaxBytes: 128,
  linksMax: 256,
  refsMax: 16,
  relMaxBytes: 64,
  kindMaxBytes: 128,
  rowsMax: 1024,
  dimsMax: 8192,
  textMaxBytes: 64 * 1024,
  originMaxBytes: 2048,
  headingMaxBytes: 1024,
  languageMaxBytes: 35,
  collectionMaxBytes: 128,
  documentMaxBytes: 512,
  metadataKeysMax: 64,
  metadataKeyMaxBytes: 128,
  metadataTextMaxBytes: 4096,
  metadataListMax: 64,
  metadataRowMaxBytes: 16 * 1024,
  /** Of all rows of a block together. */
  metadataBlockMaxBytes: 1024 * 1024,
  whereDepthMax: 8,
  whereConditionsMax: 64,
  /** Conditions on `#text`: each looks through all texts. */
  whereTextsMax: 16,
  whereValuesMax: 1000,
  whereMaxBytes: 64 * 1024,
  /** A block whose timestamp is further ahead of the node's clock than this is answered `later`. */
  futureMaxMs: 2 * 60 * 1000,
} as const;

/** One wire block at most: envelope overhead (7 + head 3 + signature 66) and both parts. */
export const wireMaxBytes = limits.headerMaxBytes + limits.bodyMaxBytes + 128;
