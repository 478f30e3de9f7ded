// The number of a statement's schema, and how much of each thing it may have: `describeCapabilities` cuts to it, `parseStatement` holds others to it.

/** The most of each thing that a statement may have. */
export const bounds = {
  nameLength: 128,
  sentenceLength: 512,
  cores: 4096,
  features: 64,
  gpus: 16,
  cameras: 64,
  formats: 256,
  rates: 32,
  sounds: 64,
  soundFormats: 64,
  channels: 10_000,
  rateHz: 100_000_000,
  words: 128,
  nodeTypes: 1024,
  throttleCauses: 16,
  networks: 64,
  absences: 128,
  sources: 512,
} as const;

/** A statement's `schema`. Keys may be added under one number, which older readers drop; a change of meaning gets the next. */
export const statementSchemaNumber = 1;
