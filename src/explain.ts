/** 0 done · 1 a stream could not be completed, or a defect · 2 usage or configuration · 3 state. */
export type ExitCode = 0 | 1 | 2 | 3;

/**
 * What an error that ended the program is called, for a person, and its exit code. Known by their names, for the modules
 * that define them need not be loaded to print a version.
 */
export function explain(error: unknown): { readonly exitCode: ExitCode; readonly message: string } {
  if (error instanceof Error) {
    const { name, message } = error;
    if (name === "StateError") return { exitCode: 3, message };
    if (name === "SettingsError" && "key" in error) {
      return { exitCode: 2, message: `${String(error.key)}: ${message}` };
    }
    if (name === "ClosedPipeError") {
      return { exitCode: 1, message: `${message}. The position is kept; the next run goes on from there.` };
    }
  }
  return { exitCode: 1, message: `A defect in slack-otel; please report it: ${defect(error)}` };
}

/** Where it happened, without the message of an error that is not ours: it may quote a header or a URL. */
function defect(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { message, stack = "" } = error;
  const frames = stack
    .slice(stack.indexOf(message) + message.length)
    .split("\n")
    .filter((line) => /^ +at /.test(line));
  return [error.name, ...frames.slice(0, 4).map((line) => line.trim())].join(" ");
}
