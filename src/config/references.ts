/**
 * References in the scalars of a configuration file, as the OpenTelemetry Collector has them: `${env:NAME}` (or
 * `${NAME}`), `${env:NAME:-default}` for a variable that is not set, `${file:/path}`, and `$$` for a dollar sign.
 *
 * Two things are stricter than in the Collector: a variable that is not set is an error, not an empty text, and what a
 * reference brings is taken as it is, so that a dollar sign in a password stays one.
 */
import type { Secret } from "../model.ts";
import { type Files, unreadable } from "./files.ts";
import { createSecret, secretFault, secretRemedy, withoutFinalNewline } from "./secret.ts";

export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
}

export interface Fault {
  readonly problem: string;
  readonly remedy: string;
}

/** A scalar's text with its references followed. */
export interface Resolved {
  readonly text: string;
  /** The whole scalar is one reference, so its text may stand for a number or a truth value. */
  readonly whole: boolean;
  /** What was referred to, for people: `environment variable NAME`, `file /path`. */
  readonly origins: readonly string[];
  /** The same as a secret whose files are read again when they change. */
  secret(): Secret | Fault;
}

/** A piece of a scalar: where it comes from (absent: written there) and its text, now. */
interface Piece {
  readonly origin?: string;
  readonly read: () => string;
}

const reference = /\$\$|\$\{(?<inner>[^}]*)(?<close>\}?)/g;
const variable = /^(?:env:)?(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>.*))?$/s;

export function resolveReferences(text: string, sources: ReferenceSources): Resolved | Fault {
  const pieces: Piece[] = [];
  const written = (from: number, to: number): void => {
    if (to > from) pieces.push({ read: () => text.slice(from, to) });
  };
  let end = 0;
  for (const match of text.matchAll(reference)) {
    written(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === "$$") {
      pieces.push({ read: () => "$" });
      continue;
    }
    const piece = match.groups?.["close"] === "}" ? follow(match.groups["inner"] ?? "", sources) : unclosed;
    if ("problem" in piece) return piece;
    pieces.push(piece);
  }
  written(end, text.length);
  const join = (): string => pieces.map(({ read }) => read()).join("");
  return {
    text: join(),
    whole: pieces.length === 1 && pieces[0]?.origin !== undefined,
    origins: pieces.flatMap(({ origin }) => origin ?? []),
    secret: () => secretOf(pieces, join),
  };
}

/** A secret whose whole text is in a file. */
export function secretFromFile(path: string, files: Files): Secret | Fault {
  const piece = followFile(path, files);
  return "problem" in piece ? piece : secretOf([piece], piece.read);
}

const unclosed: Fault = {
  problem: "a reference is not closed",
  remedy: "write ${env:NAME} or ${file:/path}, or $$ for a dollar sign",
};

function follow(inner: string, sources: ReferenceSources): Piece | Fault {
  if (inner.startsWith("file:")) return followFile(inner.slice("file:".length), sources.files);
  const { name, fallback } = variable.exec(inner)?.groups ?? {};
  if (name === undefined)
    return {
      problem: "a reference is neither to an environment variable nor to a file",
      remedy: "write ${env:NAME}, ${env:NAME:-default} or ${file:/path}, or $$ for a dollar sign",
    };
  const value = (Object.hasOwn(sources.env, name) ? sources.env[name] : undefined) ?? fallback;
  if (value === undefined)
    return {
      problem: `environment variable ${name} is not set`,
      remedy: `set it, or give a default: \${env:${name}:-default}`,
    };
  return { origin: `environment variable ${name}`, read: () => value };
}

/**
 * Reads now, and again when the file has changed. A file that is away for a moment, or half written, leaves the last
 * good text standing: Kubernetes swaps a link to replace a secret.
 */
function followFile(path: string, files: Files): Piece | Fault {
  const origin = `file ${path}`;
  let stamp: string;
  let text: string;
  try {
    stamp = files.stamp(path);
    text = withoutFinalNewline(files.read(path));
  } catch (error) {
    return { problem: `${origin}: ${unreadable(error)}`, remedy: "name a file that this user may read" };
  }
  const read = (): string => {
    try {
      const now = files.stamp(path);
      if (now === stamp) return text;
      const fresh = withoutFinalNewline(files.read(path));
      if (secretFault(fresh) === undefined) [stamp, text] = [now, fresh];
    } catch {
      // Away for a moment: the last good text stands, and the next call looks again.
    }
    return text;
  };
  return { origin, read };
}

function secretOf(pieces: readonly Piece[], join: () => string): Secret | Fault {
  for (const { origin, read } of pieces) {
    const problem = origin === undefined ? undefined : secretFault(withoutFinalNewline(read()));
    if (problem !== undefined) return { problem: `${origin}: ${problem}`, remedy: secretRemedy };
  }
  const problem = secretFault(withoutFinalNewline(join()));
  return problem === undefined ? createSecret(() => withoutFinalNewline(join())) : { problem, remedy: secretRemedy };
}
