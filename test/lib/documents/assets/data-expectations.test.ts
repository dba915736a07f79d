// Expectations of data: what a file may say, and every fault of it with its line.
import assert from "node:assert/strict";
import { readDataExpectations } from "../../../../lib/documents/assets/data-expectations.ts";
import { faultsOf, type Project, project } from "../project.ts";

describe("expectations of data", () => {
  let files: Project;
  beforeEach(() => {
    files = project({});
  });
  afterEach(() => files.remove());
  const read = (yaml: string) => readDataExpectations(files.yaml(yaml));

  it("are read as they are written", () => {
    const wanted = read(`rows: { min: 10 }
duplicates: { max: 0, key: [id] }
freshness: { column: at, max_age_in_hours: 1.5 }
missing_values: ["", -1]
columns:
  id: { type: integer, nulls: 0 }
  country: { values: [DE, 7], required: false, psi: 0.1 }
baseline: { rows: 0.1, columns: more }
`);
    assert.deepEqual(wanted, {
      rows: { min: 10 },
      duplicates: { max: 0, key: ["id"] },
      freshness: { column: "at", max_age_in_hours: 1.5 },
      missing_values: ["", "-1"],
      columns: {
        id: { type: "integer", nulls: 0 },
        country: { values: ["DE", "7"], required: false, psi: 0.1 },
      },
      baseline: { rows: 0.1, columns: "more" },
    });
  });

  for (const [what, yaml, says] of [
    ["a field that is no field", "row: {}", /"row"/],
    [
      "a share above one",
      "columns: { a: { nulls: 5 } }",
      /columns\.a\.nulls.* is 5; a share from 0 to 1 is needed, as 0\.05 for 5 %/,
    ],
    ["a negative limit", "columns: { a: { psi: -1 } }", /a number of at least 0 is needed/],
    ["a range that no value is in", "columns: { a: { min: 2, max: 1 } }", /at least 2 and at most 1: no value is/],
    ["a number of rows that none is", "rows: { min: 2, max: 1 }", /at least 2 and at most 1: no number is/],
    ["a type that is none", "columns: { a: { type: string } }", /one of|integer, number, boolean, time, text/],
    ["two characters between fields", 'delimiter: "::"', /one character is needed/],
  ] as const) {
    it(`refuse ${what}`, () => assert.match(faultsOf(() => read(`\n${yaml}\n`)).join("\n"), says));
  }
});
