import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsDocument } from "@headwater/service-kit";
import { describe, expect, test } from "@jest/globals";
import { filesBelow, ROOT, read } from "./workspaces.ts";

const MAX_LINES = 400;
/** Files that may be longer, each with its reason. */
const LONG: Readonly<Record<string, string>> = {};

const FOLDERS = ["packages", "services", "infra", "load-tests", "tools", "test"];
const sources = FOLDERS.flatMap(filesBelow).filter((file) => /\.(?:ts|mjs|js|vcl|lua)$/.test(file));
const documents = [...filesBelow("docs"), "README.md"].filter((f) => f.endsWith(".md") && existsSync(join(ROOT, f)));

test("tests and services run on the pinned Node", () => {
  expect(Number(process.version.slice(1).split(".", 1)[0])).toBeGreaterThanOrEqual(26);
});

test("docs/settings.md is what the table of settings says: npm run docs", () => {
  expect(read("docs/settings.md")).toBe(settingsDocument());
});

describe("source files", () => {
  test(`have at most ${MAX_LINES} lines, or a listed reason`, () => {
    const long = sources.filter((file) => read(file).split("\n").length > MAX_LINES);
    expect(long.filter((file) => LONG[file] === undefined)).toEqual([]);
    expect(Object.keys(LONG).filter((file) => !long.includes(file))).toEqual([]);
  });

  test("leave nothing to do for later", () => {
    const marks = new RegExp(`\\b(?:${["TO", "FIX"].join("DO|")}ME|X{3})\\b`);
    expect(sources.filter((file) => marks.test(read(file)))).toEqual([]);
  });
});

test("relative links in the documentation lead to files that exist", () => {
  const broken = documents.flatMap((file) =>
    linksOf(read(file))
      .filter((link) => !existsSync(join(ROOT, dirname(file), decodeURI(link))))
      .map((link) => `${file} -> ${link}`),
  );
  expect(broken).toEqual([]);
});

/** Link targets that are paths, without their anchors; code is left out. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)]
    .map((match) => (match[1] as string).split("#", 1)[0] as string)
    .filter((link) => link !== "" && !/^[a-z][a-z0-9+.-]*:/i.test(link));
}
