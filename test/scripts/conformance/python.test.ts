// The clients' environment is made beside the local cloud, in whose process flows of Node run: pip must not keep it from answering.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { virtualEnvironment } from "../../../scripts/conformance/python.ts";

const root = path.resolve(import.meta.dirname, "../../..");

/** A Python whose every call waits, for 100 looks at most, until the test has found time to write a file. */
const PYTHON = (answered: string) => `#!/bin/sh
looks=0
while [ ! -e '${answered}' ]; do
  looks=$((looks + 1))
  if [ "$looks" -gt 100 ]; then echo "nobody answered while Python ran" >&2; exit 1; fi
  sleep 0.1
done
case "$*" in
  *platform*) echo 3.11.7 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python3" ;;
esac
`;

describe("the virtual environment of Azure's clients", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "conformance-python-"));
  const before = process.env["PATH"];
  after(() => {
    process.env["PATH"] = before;
    rmSync(folder, { recursive: true, force: true });
  });

  it("is made without stopping the process, whose cloud has to answer", async () => {
    const [programs, answered] = [path.join(folder, "programs"), path.join(folder, "answered")];
    mkdirSync(programs);
    writeFileSync(path.join(programs, "python3"), PYTHON(answered));
    chmodSync(path.join(programs, "python3"), 0o755);
    writeFileSync(path.join(folder, "requirements.txt"), "mlflow\n");
    process.env["PATH"] = `${programs}${path.delimiter}${before}`;
    setImmediate(() => writeFileSync(answered, ""));
    const made = await virtualEnvironment(path.join(folder, "requirements.txt"), path.join(folder, "made"));
    assert.equal(made.version, "3.11.7");
    assert.equal(readFileSync(path.join(made.bin, "..", "complete"), "utf8"), "3.11.7\n");
  });

  it("is used by flows of Node that run no program in the way of the cloud, either", () => {
    const flows = path.join(root, "test/conformance/node");
    const blocking = readdirSync(flows).filter((name) =>
      /\b(?:execSync|execFileSync|spawnSync)\b/.test(readFileSync(path.join(flows, name), "utf8")),
    );
    assert.deepEqual(blocking, []);
  });
});
