import { describe, expect, test } from "@jest/globals";
import { ALLOWED, DEVELOPMENT } from "./allowed-imports.ts";
import { importsOf, packageOf, type Workspace, workspaces } from "./workspaces.ts";

const all = workspaces();
const byName = new Map(all.map((workspace) => [workspace.name, workspace]));
const production = all.filter(({ folder }) => !DEVELOPMENT.includes(folder));
const isOurs = (specifier: string) => specifier.startsWith("@headwater/");
const isBare = (specifier: string) => !/^(?:\.|node:)/.test(specifier);

describe("imports point from services to policy to ports to pure packages", () => {
  test("every workspace has its row, and every row its workspace", () => {
    const rows = Object.keys(ALLOWED);
    expect(production.map(({ folder }) => folder).filter((folder) => !rows.includes(folder))).toEqual([]);
  });

  test.each(production)("$folder imports only what its row allows", ({ folder, imports, dependencies }) => {
    const allowed = ALLOWED[folder] ?? [];
    const wrong = imports.filter(({ specifier }) => isOurs(specifier) && !allowed.includes(specifier));
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
    const packages = allowed.map(packageOf);
    expect(dependencies.filter((name) => isOurs(name) && !packages.includes(name))).toEqual([]);
  });

  test.each(DEVELOPMENT)("%s imports no service", (folder) => {
    const services = all.filter((workspace) => workspace.folder.startsWith("services/")).map(({ name }) => name);
    const wrong = importsIn(folder).filter(({ specifier }) => services.includes(packageOf(specifier)));
    expect(wrong).toEqual([]);
  });

  test("within the segment store, writer and reader do not know each other", () => {
    const crossed = importsIn("packages/segment-store").filter(
      ({ file, specifier }) =>
        (file.includes("/src/writer/") && specifier.startsWith("../reader/")) ||
        (file.includes("/src/reader/") && specifier.startsWith("../writer/")),
    );
    expect(crossed).toEqual([]);
  });
});

describe("what is imported is declared, and what is declared is imported", () => {
  test.each(all)("$folder", ({ name, folder, dependencies, imports }: Workspace) => {
    const bare = imports.filter(({ specifier }) => isBare(specifier));
    const undeclared = bare.filter(
      ({ specifier }) => packageOf(specifier) !== name && !dependencies.includes(packageOf(specifier)),
    );
    expect(undeclared.map(({ file, specifier }) => `${file} imports ${specifier}`)).toEqual([]);
    const used = new Set(bare.map(({ specifier }) => packageOf(specifier)));
    const unused = dependencies.filter((dependency) => !used.has(dependency));
    expect(unused.map((dependency) => `${folder}/package.json declares ${dependency} for nothing`)).toEqual([]);
  });

  test.each(all)("$folder reaches no file of another workspace by a relative path", ({ folder, imports }) => {
    const outside = imports.filter(({ file, specifier }) => {
      if (!specifier.startsWith(".")) return false;
      const { pathname } = new URL(specifier, `file:///${file}`);
      return !pathname.startsWith(`/${folder}/`);
    });
    expect(outside).toEqual([]);
  });

  test("a subpath that is imported is exported", () => {
    const missing = all.flatMap(({ imports }) =>
      imports.filter(({ specifier }) => {
        const target = byName.get(packageOf(specifier));
        return target !== undefined && !target.exports.includes(specifier.replace(target.name, "."));
      }),
    );
    expect(missing).toEqual([]);
  });
});

test("every way to import is seen", () => {
  const source = [
    'import a from "a";',
    'import type { B } from "b";',
    "import {",
    "  C,",
    '} from "c";',
    'import "d";',
    'export * from "e";',
    'const f = await import("f");',
    'const g = require.resolve("g/file.js");',
    'const h = import.meta.resolve("h");',
    '// import i from "i";',
    '/* import j from "j"; */',
    'const k = "from"; const l = "l";',
  ].join("\n");
  expect(importsOf(source)).toEqual(["a", "b", "c", "d", "e", "f", "g/file.js", "h"]);
});

function importsIn(folder: string) {
  return all.find((workspace) => workspace.folder === folder)?.imports ?? [];
}
