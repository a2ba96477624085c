#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/**
 * The built program starts here, so that what was compiled once is kept beside it: a third of a short run. Where the
 * folder cannot be written it goes on without.
 */
enableCompileCache(join(import.meta.dirname, ".cache"));
await import("./main.ts");
