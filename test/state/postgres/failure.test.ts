import { expect, test } from "vitest";
import { StateError } from "../../../src/model.ts";
import {
  damaged,
  explained,
  isForeignKeyViolation,
  isPassing,
  newerSchema,
} from "../../../src/state/postgres/failure.ts";

const withCode = (code: unknown, message = "said the server") => Object.assign(new Error(message), { code });
const ofSystem = (code: string) => Object.assign(withCode(code, `connect ${code}`), { syscall: "connect" });

test.each(["08006", "53300", "57P01", "57014", "40001", "25006", "58030"])("%s is no lasting fault", (code) => {
  expect(isPassing(withCode(code))).toBe(true);
});

test.each(["42501", "23505", "28P01", "22P02", "25001"])("%s is one", (code) => {
  expect(isPassing(withCode(code))).toBe(false);
});

test.each([
  "Connection terminated unexpectedly",
  "Query read timeout",
  "timeout expired",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
])("%s: without a code it is no lasting fault either", (message) => {
  expect(isPassing(new Error(message))).toBe(true);
});

test("a server that is away is no lasting fault, a defect and what was put into words are", () => {
  expect(["ECONNREFUSED", "EPIPE"].map((code) => isPassing(ofSystem(code)))).toEqual([true, true]);
  expect(isPassing(new TypeError("x is not a function"))).toBe(false);
  expect(isPassing(new StateError("Connection terminated unexpectedly"))).toBe(false);
  expect(isPassing("Query read timeout")).toBe(false);
  expect(isPassing(withCode(57, "no code of the server"))).toBe(false);
});

test("only 23503 is a row that points to none", () => {
  expect([withCode("23503"), withCode("23505"), new Error("23503"), "23503"].map(isForeignKeyViolation)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test.each([
  [withCode("28P01"), /the user or its password is refused \(28P01\)\. Correct "state\.postgres\.url"/],
  [withCode("28000"), /the user or its password is refused \(28000\)/],
  [withCode("3D000"), /the database does not exist \(3D000\)\. Create it/],
  [withCode("42501"), /no permission \(42501\)\. The user must be able to create tables/],
  [withCode("53300"), /no connection left \(53300\)\. Raise max_connections/],
  [withCode("53100"), /its disk is full \(53100\)\. Make room there/],
  [withCode("25006"), /it takes no writes \(25006\): it is a standby\. Name the primary/],
  [withCode("XX000"), /the database refused a request \(XX000\)\. Look into the database's own log/],
  [withCode("SELF_SIGNED_CERT_IN_CHAIN"), /TLS certificate is not accepted \(SELF_SIGNED_CERT_IN_CHAIN\).*sslrootcert/],
  [new Error("The server does not support SSL connections"), /it speaks no TLS\. Turn TLS on there/],
  [ofSystem("ENOTFOUND"), /it cannot be reached \(ENOTFOUND\)\. Check that it runs/],
  [ofSystem("EPIPE"), /it cannot be reached \(EPIPE\)/],
  [new Error("timeout expired"), /it cannot be reached \(no answer in time\)/],
  [withCode(57, "timeout expired"), /it cannot be reached \(no answer in time\)/],
])("%s is told with where, what and the remedy", (error, message) => {
  const told = explained("db:5432/logs", error) as StateError;
  expect(told).toBeInstanceOf(StateError);
  expect(told.message).toMatch(/^State in PostgreSQL at db:5432\/logs: /);
  expect(told.message).toMatch(message);
  expect(told.cause).toBe(error);
});

test.each([[new StateError("told")], [new TypeError("x is not a function")], ["no error"], [withCode(57)]])(
  "%s comes back as it is",
  (error) => {
    expect(explained("db", error)).toBe(error);
  },
);

test("what is damaged, and what is of a newer version, is left as it is, with the remedy", () => {
  expect(damaged("db", "its version is missing").message).toBe(
    "State in PostgreSQL at db: its version is missing. It was left as it is. Put a good backup back; or drop the " +
      'tables slack_otel_* and start anew: set "start" far enough back, or run "slack-otel backfill", to cover the time ' +
      "since the last delivery.",
  );
  expect(newerSchema("db", 3, 2).message).toBe(
    "State in PostgreSQL at db: it is of a newer version of this program (schema 3, this one knows 2). It was left as " +
      "it is. Run that version, or a newer one.",
  );
});
