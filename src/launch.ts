#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const YOUNG_BYTES = 16 * 1024 * 1024;

/**
 * The built program starts here, so that what was compiled once is kept beside it: a third of a short run. Where the
 * folder cannot be written it goes on without.
 */
enableCompileCache(join(import.meta.dirname, ".cache"));
// A page's objects are collected by one thread for less than by several that share them out among themselves.
setFlagsFromString("--no-parallel-scavenge");
// What a backlog leaves behind is collected when the heap has grown to a little more than twice of what is in use; V8 by
// itself waits for as long as collecting is cheap, which it is here, and so holds another 50 MiB of buffers.
setFlagsFromString("--heap-growing-percent=120");
// V8 would let its young generation grow to 128 MiB on a backlog, for pages that live no longer than a batch. The limit
// itself is fixed when V8 starts, which under a plain `node` is before us; its growth is not.
const watch = setInterval(() => {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  if (young !== undefined && young.space_size < YOUNG_BYTES) return;
  setFlagsFromString("--semi-space-growth-factor=1");
  clearInterval(watch);
}, 10).unref();
await import("./main.ts");
