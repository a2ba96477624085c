import { parseAst } from "rolldown/parseAst";

/** One small change of a source text. */
export interface Mutant {
  readonly line: number;
  readonly was: string;
  readonly becomes: string;
  /** The whole text with it. */
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const OPPOSITE: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "&&": "||",
  "||": "&&",
  "??": "&&",
};

/** All mutants of a TypeScript source, in its order: operators, conditions, literals, and statements left out. */
export function mutantsOf(source: string): Mutant[] {
  const mutants: Mutant[] = [];
  const replace = ({ start, end }: Pick<Node, "start" | "end">, becomes: string) => {
    const line = source.slice(0, start).split("\n").length;
    const was = source.slice(start, end);
    if (was !== becomes)
      mutants.push({ line, was, becomes, text: source.slice(0, start) + becomes + source.slice(end) });
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isNode(value) || value.type.startsWith("TS")) return;
    mutate(value, replace, source);
    for (const [key, child] of Object.entries(value)) if (key !== "typeAnnotation") visit(child);
  };
  visit(parseAst(source, { lang: "ts" }).body);
  return mutants;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

type Replace = (place: Pick<Node, "start" | "end">, becomes: string) => void;

function mutate(node: Node, replace: Replace, source: string): void {
  switch (node.type) {
    case "IfStatement":
    case "ConditionalExpression":
    case "WhileStatement": {
      const test = node["test"] as Node;
      if (node.type !== "WhileStatement") replace(test, "true");
      return replace(test, "false");
    }
    case "BinaryExpression":
    case "LogicalExpression": {
      const [left, right] = [node["left"] as Node, node["right"] as Node];
      const operator = String(node["operator"]);
      const opposite = OPPOSITE[operator];
      const start = source.indexOf(operator, left.end);
      if (opposite !== undefined && start < right.start) replace({ start, end: start + operator.length }, opposite);
      return;
    }
    case "UnaryExpression":
      if (node["operator"] === "!") replace(node, source.slice((node["argument"] as Node).start, node.end));
      return;
    case "Literal":
      if (typeof node["value"] === "boolean") replace(node, String(!node["value"]));
      if (typeof node["value"] === "number") replace(node, String(node["value"] + 1));
      return;
    case "ExpressionStatement":
      return replace(node, ";");
    case "ArrayExpression":
      if ((node["elements"] as unknown[]).length > 0) replace(node, "[]");
      return;
    default:
  }
}
