import type { ErrorCode } from "yaml";

const problems: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: "an alias (*name) has no anchor (&name) before it",
  BAD_DQ_ESCAPE: "there is a wrong escape in a double-quoted text",
  BAD_INDENT: "the indentation is wrong",
  BAD_SCALAR_START: "a plain text may not begin with this character: put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a mapping begins where a value was expected: is a colon in a text that needs quotes?",
  BLOCK_IN_FLOW: "there is a block in a flow mapping",
  MISSING_CHAR: "a closing quote, bracket, brace, comma or colon is missing",
  MULTILINE_IMPLICIT_KEY: "a key runs over several lines: is a colon missing?",
  MULTIPLE_DOCS: "there is more than one document in the file",
  TAB_AS_INDENT: "a tab is used for indentation: only spaces are allowed",
  TAG_RESOLVE_FAILED: "there is a tag (!name) that is not known",
  UNEXPECTED_TOKEN: "something stands where nothing was expected",
};

/** In words of ours: the parser's own quote the line, which may hold a secret. */
export function yamlProblem(code: ErrorCode): string {
  return `this is not YAML: ${problems[code] ?? code.toLowerCase().replaceAll("_", " ")}`;
}
