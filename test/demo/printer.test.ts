import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { createPrinter } from "../../src/demo/printer.ts";
import { mapped } from "../support/mapped.ts";

function printing({ coloured = false, columns = 100 } = {}) {
  let written = "";
  const printer = createPrinter({ write: (text) => void (written += text), coloured, columns: () => columns });
  return { printer, lines: () => written.split("\n").slice(0, -1) };
}

const rows = (count: number, name = "ada") =>
  mapped(
    "access_logs",
    JSON.stringify(
      Array.from({ length: count }, (_, index) => ({
        username: `${name}${index}`,
        date_last: 1_767_220_000 + index,
        count: 1,
        ip: "198.51.100.7",
      })),
    ),
  );

test("a record is one line: time, source, who, what, from where", () => {
  const { printer, lines } = printing();
  printer.records(rows(1));
  expect(lines()).toEqual(["22:26:40  access       ada0           used Slack once                       198.51.100.7"]);
});

test("of many records in one request a sample is shown, and how many more there are", () => {
  const { printer, lines } = printing();
  printer.records(rows(12));
  expect(lines()).toHaveLength(12);
  printer.records(rows(200));
  expect(
    lines()
      .slice(12)
      .map((line) => line.slice(10).trim().split(/\s+/).slice(0, 4).join(" ")),
  ).toEqual(["access ada0 used Slack", "… and 199 more"]);
  const fresh = printing();
  fresh.printer.records(rows(200));
  expect(fresh.lines().map((line) => line.slice(10, 36).trim())).toEqual([
    expect.stringMatching(/ ada0$/),
    expect.stringMatching(/ ada66$/),
    expect.stringMatching(/ ada133$/),
    "… and 197 more",
  ]);
});

test.each([40, 60, 80, 120])("no line is wider than a terminal of %i columns allows", (columns) => {
  const { printer, lines } = printing({ columns });
  printer.records(rows(1, "somebody-with-a-very-long-name-"));
  expect(lines()[0]?.length).toBeLessThanOrEqual(Math.max(columns, 64));
  expect(lines()[0]).toContain("somebody-wit…");
});

test("colours are written only where they are wanted", () => {
  const plain = printing();
  const coloured = printing({ coloured: true });
  for (const { printer } of [plain, coloured]) {
    printer.records(rows(1));
    printer.note("a note");
    printer.line("a line", "bold");
  }
  expect(plain.lines().join("\n")).not.toContain("\u001B");
  expect(coloured.lines().every((line) => line.includes("\u001B["))).toBe(true);
  expect(coloured.lines().map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(plain.lines());
});

test("what somebody wrote cannot steer the terminal", () => {
  const { printer, lines } = printing({ columns: 200 });
  printer.records(mapped("access_logs", JSON.stringify([{ username: "\u001B[2J\u009B31m\r\n\u202Eeve" }])));
  printer.note("a\u0007\nb");
  expect(lines()).toHaveLength(2);
  expect(lines().join("")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
