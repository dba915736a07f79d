// Blob names as file names, on each kind of machine: all else is refused before anything is written.
import assert from "node:assert/strict";
import path from "node:path";
import fc from "fast-check";
import { fileNameFault, shownFile } from "../../../lib/azure/local-file-names.ts";

describe("a blob's name as a file's", () => {
  const anywhere: [string, RegExp][] = [
    ["", /without a name/],
    ["a//b", /without a name/],
    ["a/", /without a name/],
    ["/a", /without a name/],
    ["./a", /part "\."/],
    ["a/../b", /part "\.\."/],
    ["a\0b", /zero byte/],
    ["\ud800", /Unicode/],
    ["n".repeat(256), /more than 255/],
  ];
  for (const [name, why] of anywhere)
    for (const platform of ["linux", "darwin", "win32"] as const)
      it(`${JSON.stringify(name.slice(0, 20))} is none on ${platform}`, () =>
        assert.match(fileNameFault(name, platform) ?? "", why));

  const onWindows: [string, RegExp][] = [
    ["file.txt:stream", /":"/],
    ["C:x", /":"/],
    ["a\\b", /"\\\\"/],
    ["\\\\server\\share", /"\\\\"/],
    ["//server/share", /without a name/],
    ["what?", /"\?"/],
    ['"quoted"', /"\\""/],
    ["a|b", /"\|"/],
    ["tab\there", /"\\t"/],
    ["dot.", /dot or a space/],
    ["space ", /dot or a space/],
    ["folder./file", /dot or a space/],
    ["CON", /device/],
    ["nul.txt", /device/],
    ["aux.tar.gz", /device/],
    ["deep/Com1.json", /device/],
    ["LPT¹", /device/],
    ["con .txt", /device/],
    ["CONIN$", /device/],
  ];
  for (const [name, why] of onWindows)
    it(`${JSON.stringify(name)} is none on Windows`, () => assert.match(fileNameFault(name, "win32") ?? "", why));

  const fine = [
    "a",
    ".hidden",
    "a b/c",
    "ü/日本",
    "console.log",
    "com10",
    "x.con",
    "100%",
    "#1",
    "a.b.c",
    "ü".repeat(127),
  ];
  for (const name of fine)
    for (const platform of ["linux", "win32"] as const)
      it(`${JSON.stringify(name.slice(0, 20))} is one on ${platform}`, () =>
        assert.equal(fileNameFault(name, platform), undefined));

  it("counts bytes on Linux and characters on Windows", () => {
    assert.match(fileNameFault("ü".repeat(128), "linux") ?? "", /255 bytes/);
    assert.equal(fileNameFault("ü".repeat(128), "win32"), undefined);
    assert.match(fileNameFault("ü".repeat(256), "win32") ?? "", /255 characters/);
  });

  it("has on Windows no character, end or device that Windows changes, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }), (parts) => {
        const name = parts.join("/");
        if (fileNameFault(name, "win32") !== undefined) return;
        for (const part of name.split("/")) {
          assert.doesNotMatch(part, /[<>:"|?*\\]|[. ]$|^(con|nul|aux|prn)(\.|$)/i);
          assert.ok(part !== "" && part !== "." && part !== "..");
        }
      }),
    );
  });
});

describe("files in messages", () => {
  for (const [rules, folder, file, shown] of [
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/models/a.bin", "models/a.bin"],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/a/model/a.bin", "/agent/_work/1/a/model/a.bin"],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s", "/agent/_work/1/s"],
    ["posix", "/agent/_work/1/s", "/agent/_work/1/s/..a", "..a"],
    ["win32", "D:\\a\\1\\s", "d:\\a\\1\\s\\models\\a.bin", "models/a.bin"],
    ["win32", "D:\\a\\1\\s", "C:\\models\\a.bin", "C:\\models\\a.bin"],
    ["win32", "D:\\a\\1\\s", "D:\\a\\1\\s2\\a.bin", "D:\\a\\1\\s2\\a.bin"],
  ] as const)
    it(`${rules}: ${file} in ${folder} is shown as ${shown}`, () => {
      assert.equal(shownFile(file, folder, path[rules]), shown);
    });
});
