import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readStatusMessage } from "../../src/otlp/rpc-status.ts";

const message = [0x12, 4, ...Buffer.from("grö")];
const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

test.each<[string, number[], string]>([
  ["alone", message, "grö"],
  ["behind a code", [0x08, 3, ...message], "grö"],
  ["behind a negative code", [0x08, ...minusOne, ...message], "grö"],
  ["before details", [...message, 0x1a, 2, 1, 2], "grö"],
  ["behind fixed fields", [0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0x25, 0, 0, 0, 0, ...message], "grö"],
  ["before a cut field", [...message, 0x1a, 9, 1], "grö"],
  ["before a group", [...message, 0x0b, 0x12, 1, 0x61], "grö"],
  ["that is cut", [0x12, 9, 0x61], ""],
  ["that is cut in its length", [0x12, 0x80], ""],
  ["in nothing", [], ""],
])("reads a message %s", (_name, bytes, text) => {
  expect(readStatusMessage(Uint8Array.from(bytes))).toBe(text);
});

test("never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => typeof readStatusMessage(bytes) === "string"));
});
