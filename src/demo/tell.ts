import type { Log } from "../model.ts";
import type { Printer } from "./printer.ts";

/** What a newcomer already reads elsewhere on the screen, or need not know. */
const PASSED_OVER = new Set(["state_created", "token_refused", "behind"]);

/** The program's own log, as far as it is worth a line among the records. */
export function tell(printer: Pick<Printer, "note">): Log {
  return (level, event, fields = {}) => {
    // The Audit Logs API calls its only method so.
    const method = fields["method"] === "logs" ? "audit.logs" : fields["method"];
    const seconds = (Math.max(100, Number(fields["delay_ms"] ?? 0)) / 1_000).toFixed(1);
    switch (event) {
      case "slack_retry":
        printer.note(`Slack answers ${method} with ${fields["error"]}; asked again in ${seconds} s`);
        return;
      case "slack_walk_restarted":
        printer.note(`Slack refuses its own cursor (${fields["error"]}); ${method} is walked again`);
        return;
      case "destination_retry":
        printer.note(`The destination does not accept (${fields["error"]}); the batch is sent again in ${seconds} s`);
        return;
      case "delivery_resumed":
        printer.note("The destination accepts again");
        return;
      default:
        if (PASSED_OVER.has(event) || level === "info" || level === "debug") return;
        printer.note([event.replaceAll("_", " "), fields["stream"], fields["message"]].filter(Boolean).join(": "));
    }
  };
}
