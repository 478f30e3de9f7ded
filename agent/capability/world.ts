// The world that guests are written against, as its package names it: what a statement's `wit` says that a device runs.
export const nodeWorld = "remotemedia:node@1.0.0";
