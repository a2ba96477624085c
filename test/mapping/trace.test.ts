import { describe, expect, test } from "vitest";
import { createReadTrace } from "../../src/mapping/trace.ts";

const read = createReadTrace({ traceId: "trace_id", spanId: "payload.function_execution_id" });

function traceIdOf(trace_id: unknown): string | undefined {
  return read({ trace_id })?.traceId;
}

describe("trace ids", () => {
  test.each([
    // Computed with another implementation of SHA-256.
    ["Tr123", "8a576d8fbdb60b972c08b736cf6933ab"],
    ["Tr05PK0EGXAS", "360421f7b44baadb135c031c119d5e64"],
    ["0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"],
    ["0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd8448eb211c80319c"],
    ["0".repeat(32), "84e0c0eafaa95a34c293f278ac52e45c"],
    [34, "86e50149658661312a9e0b35558d84f6"],
    ["x".repeat(1_000), "44f8354494a5ba03ba1792a8d3e9c534"],
  ])("of %j", (text, id) => {
    expect(traceIdOf(text)).toBe(id);
    expect(traceIdOf(text)).toBe(id);
  });

  test.each(["", null, undefined, {}, []])("there is none of %j", (value) => {
    expect(read({ trace_id: value })).toBeUndefined();
  });

  test("stay right when very many were seen", () => {
    for (let index = 0; index < 2_500; index++) traceIdOf(`Tr${index}`);
    expect(traceIdOf("Tr123")).toBe("8a576d8fbdb60b972c08b736cf6933ab");
  });
});

test("a span id is made of the function execution", () => {
  expect(read({ trace_id: "Tr123", payload: { function_execution_id: "Fx1" } })).toEqual({
    traceId: "8a576d8fbdb60b972c08b736cf6933ab",
    spanId: "1bd2f599cfdafa63",
    traceFlags: 0,
  });
  expect(read({ trace_id: "Tr123", payload: null })?.spanId).toBeUndefined();
});

test("a source without traces has none", () => {
  expect(createReadTrace(undefined)({ trace_id: "Tr123" })).toBeUndefined();
});
