// The guard of stdout and stderr, in a process of its own: whatever is written by others leaves as lines of text.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "../../..");
const guard = JSON.stringify(path.join(root, "lib/agent/guard.ts"));

async function run(script: string): Promise<{ stdout: string; stderr: string }> {
  const program = `const { guardOutput, own, endLines } = await import(${guard});\nguardOutput();\n${script}`;
  const flags = ["--import=tsx", "--input-type=module", "-e", program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { stdout, stderr };
}

describe("the gate of stdout and stderr", () => {
  it("breaks markers that are cut over several writes, in text and bytes, on both streams", async () => {
    const { stdout, stderr } = await run(`
      for (const stream of [process.stdout, process.stderr]) {
        for (const part of ["x ##vs", "o[task.complete", " result=Failed]\\n##", "[error]no\\nend"]) stream.write(part);
        stream.write(Buffer.from("\\n#\\u200b#vso[a.b]c\\n").subarray(0, 4));
        stream.write(Buffer.from("\\n#\\u200b#vso[a.b]c\\n").subarray(4));
      }
      console.log("##vso[task.setvariable variable=a]b");
      console.error("##VSO[x.y]");
    `);
    for (const text of [stdout, stderr]) {
      assert.doesNotMatch(text.replace(/\u200b/g, ""), /##vso|##\[/i);
      assert.match(text, /^x ##_vso\[task\.complete result=Failed\]\n##_\[error\]no\nend\n#\u200b#_vso\[a\.b\]c\n/);
    }
  });

  it("lets a line that nobody ended leave at the end, and what is ours pass as it is, in order", async () => {
    const { stdout } = await run(`
      process.stdout.write("first\\nopen ##vso[a.b]");
      own.write("##vso[task.complete result=Succeeded;]ours\\n");
      process.stdout.write(" and closed");
    `);
    assert.equal(stdout, "first\n##vso[task.complete result=Succeeded;]ours\nopen ##_vso[a.b] and closed\n");
  });

  it("calls back, splits at CR, and keeps no line without end", async () => {
    const { stdout } = await run(`
      await new Promise((resolve) => process.stdout.write("a\\r##vso[a.b]\\n", "utf8", resolve));
      await new Promise((resolve) => process.stdout.write("b\\n", resolve));
      for (let n = 0; n < 300; n++) process.stdout.write("y".repeat(999));
      const held = process.memoryUsage().heapUsed;
      process.stdout.write("##vso[a.b]");
    `);
    assert.match(stdout, /^a\n##_vso\[a\.b\]\nb\ny+\n/);
    assert.ok(stdout.split("\n").every((line) => line.length < 70_000));
    assert.equal(stdout.replace(/[^y]/g, "").length, 300 * 999);
    assert.doesNotMatch(stdout, /##vso/);
  });

  it("takes Node's own warnings, and none of its debug lines", async () => {
    const { stderr } = await run(`
      process.emitWarning("##vso[task.complete result=Failed]");
      process.stderr.write("HTTP " + process.pid + ": { Authorization: 'Bearer secret' }\\n");
      await new Promise((resolve) => setTimeout(resolve, 20));
    `);
    assert.match(stderr, /Warning: ##_vso\[task/);
    assert.doesNotMatch(stderr, /Bearer|##vso/);
  });
});
