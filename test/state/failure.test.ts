import { describe, expect, it } from "vitest";
import { StateError } from "../../src/model.ts";
import {
  damaged,
  explained,
  isBusy,
  isNotDatabase,
  taken,
  tooLittleRoom,
  unsuitable,
} from "../../src/state/failure.ts";

/** As SQLite throws it: the lowest byte is the kind of failure, the others say more (https://sqlite.org/rescode.html). */
const sqlite = (errcode: number) => Object.assign(new Error("said by SQLite"), { errcode });
const system = (code: string) => Object.assign(new Error("said by the system"), { code, syscall: "open" });

describe("a failure of the state file", () => {
  it.each<[string, number, string, string]>([
    ["SQLITE_ERROR", 1, "SQLite can make nothing of it (said by SQLite)", "Put a good copy back"],
    ["SQLITE_PERM", 3, "it cannot be opened (SQLite code 3)", "must own the file"],
    ["SQLITE_BUSY", 5, "another program keeps it locked", "Close whatever has it open"],
    ["SQLITE_BUSY_RECOVERY", 261, "another program keeps it locked (SQLite code 261)", "Close whatever has it open"],
    ["SQLITE_LOCKED", 6, "another program keeps it locked", "Close whatever has it open"],
    ["SQLITE_READONLY", 8, "it, or its folder, is read-only", "must own the file"],
    ["SQLITE_READONLY_DIRECTORY", 1544, "it, or its folder, is read-only", "must own the file"],
    ["SQLITE_IOERR_WRITE", 778, "reading or writing failed", "Check the disk"],
    ["SQLITE_CORRUPT", 11, "it is damaged", "Put a good copy back"],
    ["SQLITE_FULL", 13, "the disk is full", "Make room"],
    ["SQLITE_CANTOPEN", 14, "it cannot be opened", "must own the file"],
    ["SQLITE_AUTH", 23, "it cannot be opened", "must own the file"],
    ["SQLITE_NOTADB", 26, "it is not an SQLite database", "Put a good copy back"],
    ["SQLITE_NOLFS", 22, "SQLite failed: said by SQLite (SQLite code 22)", "Check the disk"],
    ["SQLITE_MISUSE", 21, "SQLite failed: said by SQLite", "Check the disk"],
  ])("is told in words, with what to do: %s", (_, errcode, problem, remedy) => {
    const cause = sqlite(errcode);
    const error = explained("/state.db", cause) as StateError;
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toContain(`State file /state.db: ${problem}`);
    expect(error.message).toContain(remedy);
    expect(error.cause).toBe(cause);
  });

  it.each([
    ["EACCES", "no permission (EACCES)", "must own the file"],
    ["EPERM", "no permission (EPERM)", "must own the file"],
    ["EROFS", "the volume is read-only", "must own the file"],
    ["ENOSPC", "the disk is full", "Make room"],
    ["EDQUOT", "the disk is full", "Make room"],
    ["ENOENT", "its folder does not exist", "mount the volume"],
    ["ENOTDIR", "its folder does not exist", "mount the volume"],
    ["EIO", "the file system failed (EIO)", "Check the disk"],
  ])("is told in words where the system reports %s", (code, problem, remedy) => {
    const error = explained("/state.db", system(code)) as StateError;
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toContain(`State file /state.db: ${problem}`);
    expect(error.message).toContain(remedy);
  });

  it("comes back as it is where it was told already, or is a defect", () => {
    const errors = [
      new StateError("told"),
      new TypeError("a defect"),
      Object.assign(new Error("no system's"), { code: "EACCES" }),
      Object.assign(new Error("a number is no code of the system"), { code: 13, syscall: "open" }),
      Object.assign(new Error("nor a word one of SQLite"), { errcode: "13" }),
      { errcode: 13 },
      { code: "EACCES", syscall: "open" },
    ];
    for (const error of errors) expect(explained("/state.db", error)).toBe(error);
  });

  it("is worth another try where somebody has it locked, and only there", () => {
    expect([5, 261, 517].every((code) => isBusy(sqlite(code)))).toBe(true);
    expect([0, 1, 4, 6, 13].some((code) => isBusy(sqlite(code)))).toBe(false);
    expect([isBusy(new Error("other")), isBusy({ errcode: 5 }), isBusy(undefined)]).toEqual([false, false, false]);
  });

  it("is that of another kind of file where SQLite says so, and only there", () => {
    expect(isNotDatabase(sqlite(26))).toBe(true);
    expect([11, 25, 27].some((code) => isNotDatabase(sqlite(code)))).toBe(false);
    expect(isNotDatabase({ errcode: 26 })).toBe(false);
  });

  it("for want of room says how much, in whole KiB", () => {
    expect(tooLittleRoom("/state.db", 300_000).message).toContain("one commit may need 293 KiB. Make room");
    expect(tooLittleRoom("/state.db", 1_049_600).message).toContain("need 1025 KiB");
  });

  it("says what to do about a second instance, a damaged file and one of somebody else", () => {
    const cause = new Error("cause");
    expect(taken("/state.db", cause)).toMatchObject({
      message: expect.stringMatching(
        /^State file \/state\.db: another instance .* stop the other one, or give this one /,
      ),
      cause,
    });
    expect(damaged("/state.db", "it is torn", cause)).toMatchObject({
      message: expect.stringMatching(
        /^State file \/state\.db: it is torn\. .*left as it is.*\/state\.db-journal aside and start/,
      ),
      cause,
    });
    expect(unsuitable("/state.db", "it is a text", "Take another.", cause)).toMatchObject({
      message: "State file /state.db: it is a text. It was left as it is. Take another.",
      cause,
    });
  });
});
