// Judged data: each expectation, each tolerance and each rule holds, fails or is skipped, and says what it found.
import assert from "node:assert/strict";
import { dataReport } from "../../../../lib/ml/data-checks/data-report.ts";
import { parseDataRules } from "../../../../lib/ml/data-checks/data-rules.ts";
import { judgeData } from "../../../../lib/ml/data-checks/judge-data.ts";
import { openTable, profileTable } from "../../../../lib/tables/index.ts";
import { bytes } from "../../tables/tables.ts";

const NOW = Date.UTC(2026, 10, 27, 12);
type Expectations = Parameters<typeof judgeData>[0]["expectations"];

const profile = (content: string, key: readonly string[] = []) => {
  const name = content.startsWith("{") ? "a.jsonl" : "a.csv";
  const source = bytes(content, name);
  return profileTable([{ name, size: source.size, open: () => openTable(source) }], { key });
};
const csv = (header: string, rows: number, of: (row: number) => string) =>
  `${header}\n${Array.from({ length: rows }, (_, row) => of(row)).join("\n")}\n`;

/** The outcome and the sentence of each check, by its name. */
async function judge(data: string, given: { base?: string; expectations?: Expectations; rules?: string } = {}) {
  const { base, expectations = {}, rules = "" } = given;
  const { checks } = judgeData({
    data: await profile(data, expectations.duplicates?.key),
    base: base === undefined ? undefined : await profile(base),
    baseline: base === undefined ? "" : "sales:3",
    noBaseline: base === undefined ? "sales has no earlier version" : undefined,
    ...{ expectations, rules: parseDataRules(rules), now: NOW },
  });
  return new Map(checks.map(({ rule, outcome, detail }) => [rule, `${outcome} ${detail}`]));
}

const HUNDRED = csv("id,x", 100, (row) => `${row},${row % 10}`);

describe("judged data", () => {
  it("have a line for each expectation", async () => {
    const found = await judge("id,x,at\n1,5,2026-11-27\n2,,2026-11-26\n2,11,\n", {
      expectations: {
        rows: { min: 4 },
        duplicates: { max: 0.2, key: ["id"] },
        freshness: { column: "at", max_age_in_hours: 11 },
        columns: {
          id: { type: "integer", values: ["1", "2"] },
          x: { nulls: 0.3, max: 10, psi: 0.1 },
          gone: {},
          spare: { required: false },
        },
        additional_columns: "refuse",
      },
    });
    assert.deepEqual(Object.fromEntries(found), {
      "every line is a row": "passed 3 rows.",
      rows: "failed 3 rows; at least 4 are expected.",
      "repeated values of id": "failed 1 of 3 rows repeat the id of an earlier one, 33.33 %; at most 20 % may.",
      "freshness of at": "failed The newest at is 2026-11-27T00:00:00.000Z, 12 hours old; at most 11 are expected.",
      "id: is there": "passed In 1 file.",
      "id: type integer": "passed id is integer.",
      "id: known values": "passed 2 values of 2 that are expected.",
      "x: is there": "passed In 1 file.",
      "x: missing values": "failed 1 of 3 values of x are missing, 33.33 %; at most 30 % may be.",
      "x: at most 10": "failed The largest x is 11.",
      "x: PSI at most 0.1": "skipped There is no baseline: sales has no earlier version.",
      "gone: is there": "failed The data have no column gone; they have id, x, at.",
      "spare: is there": "skipped The data have no column spare; they have id, x, at.",
      "no other columns": "failed There are columns that are not expected: at.",
    });
  });

  it("hold no range with values that are no numbers of it", async () => {
    const expectations = { columns: { age: { min: 0, max: 120 } } };
    const rules = "maximum.age <= 120\nmean.age <= 120\ndeviation.age <= 120";
    const endless = await judge("id,age\n1,40\n2,1e999\n3,50\n", { expectations, rules });
    assert.equal(endless.get("age: at least 0"), "passed The smallest age is 40.");
    assert.equal(endless.get("age: at most 120"), "failed The largest age is Infinity.");
    for (const rule of rules.split("\n")) assert.match(endless.get(rule) ?? "", /^failed /);
    const words = await judge("id,age\n1,40\n2,300 years\n3,\n4,abc\n", { expectations });
    const said = 'failed 2 of 3 values of age are no numbers, the first "300 years" in row 2 of a.csv.';
    assert.equal(words.get("age: at least 0"), said);
    assert.equal(words.get("age: at most 120"), said);
  });

  it("have another type where numbers became texts in a format that knows the difference", async () => {
    const lines = (quote: string) =>
      Array.from({ length: 60 }, (_, row) => `{"x":${quote}${row % 7}${quote}}`).join("\n");
    const expectations = { columns: { x: { type: "integer" } } } as const;
    const found = await judge(lines('"'), { base: lines(""), expectations });
    assert.match(found.get("types as in the baseline") ?? "", /^failed .*x was integer and is integer written as text/);
    assert.equal(found.get("x: type integer"), "failed 60 of 60 values of x are written as text.");
    const same = await judge(lines('"'), { base: lines('"') });
    assert.match(same.get("types as in the baseline") ?? "", /^passed/);
    const numbers = await judge(lines(""), { base: csv("x", 60, (row) => `${row % 7}`), expectations });
    for (const rule of ["types as in the baseline", "x: type integer"])
      assert.match(numbers.get(rule) ?? "", /^passed/);
  });

  it("tell long identifiers apart, although no number is as exact", async () => {
    const ids = "id\n1234567890123456781\n1234567890123456782\n1234567890123456783\n1234567890123456783\n";
    const found = await judge(ids, { expectations: { duplicates: { max: 0, key: ["id"] } } });
    assert.match(found.get("repeated values of id") ?? "", /^failed 1 of 4 rows/);
  });

  it("name lines that are no rows", async () => {
    const found = await judge("a,b\n1,2\n3\n");
    assert.match(
      found.get("every line is a row") ?? "",
      /^failed 1 line is no row \(at most 0\); the first is line 3 of a\.csv/,
    );
    const allowed = await judge("a,b\n1,2\n3\n", { expectations: { malformed_lines: 1 } });
    assert.match(allowed.get("every line is a row") ?? "", /^passed/);
  });

  it("differ from the baseline as far as it is allowed", async () => {
    const more = csv("id,x,new", 130, (row) => `${row},${row % 10},1`);
    const strict = await judge(more, { base: HUNDRED, expectations: { baseline: { rows: 0.2 } } });
    assert.match(
      strict.get("columns as in the baseline") ?? "",
      /^failed The data have 1 column that sales:3 does not have: new\.$/,
    );
    assert.match(
      strict.get("rows as in the baseline") ?? "",
      /^failed 130 rows, and sales:3 has 100: \+30 % \(at most 20 % either way\)/,
    );
    const lax = await judge(more, { base: HUNDRED, expectations: { baseline: { rows: 0.3, columns: "more" } } });
    assert.match(lax.get("columns as in the baseline") ?? "", /^passed All 2 columns/);
    assert.match(lax.get("rows as in the baseline") ?? "", /^passed/);
    assert.match(
      lax.get("distributions as in the baseline") ?? "",
      /^passed No drift in 1 column .* Not compared: id: its values hardly ever repeat/,
    );
  });

  it("are no drift where so few rows may differ by chance", async () => {
    const few = await judge("x\n1\n2\n9\n", { base: csv("x", 40, (row) => `${row % 10}`) });
    assert.match(few.get("distributions as in the baseline") ?? "", /^passed/);
    const many = await judge(
      csv("x", 100, (row) => `${(row % 10) + 5}`),
      { base: csv("x", 100, (row) => `${row % 10}`) },
    );
    assert.match(many.get("distributions as in the baseline") ?? "", /^failed .*x \(PSI/);
  });

  it("may be whole numbers where they were numbers, and not the reverse", async () => {
    const [whole, half] = [csv("x", 50, (row) => `${row % 5}`), csv("x", 50, (row) => `${(row % 5) / 2}`)];
    assert.match((await judge(whole, { base: half })).get("types as in the baseline") ?? "", /^passed/);
    assert.match(
      (await judge(half, { base: whole })).get("types as in the baseline") ?? "",
      /^failed .*x was integer and is number/,
    );
  });

  it("may have columns with any names", async () => {
    const names = ["constructor", "__proto__", "toString", '"a\nb"', "##vso[task.setvariable variable=x]y"];
    const table = (value: string) => csv(names.join(","), 60, (row) => names.map(() => `${value}${row % 3}`).join(","));
    const found = await judge(table("b"), { base: table("a"), expectations: { columns: {} } });
    const said = found.get("values as in the baseline") ?? "";
    for (const name of ["constructor", "__proto__", "toString", "a b", "##vso[task.setvariable variable=x]y"])
      assert.ok(said.includes(`${name} has "b0" (20 rows)`), `${name}: ${said}`);
    assert.doesNotMatch(said, /\n/);
  });

  it("without any rows fail nothing but what asks for rows", async () => {
    const found = await judge("a,b\n", { base: HUNDRED, rules: "data.rows > 0" });
    assert.match(found.get("rows as in the baseline") ?? "", /^failed 0 rows/);
    assert.match(found.get("data.rows > 0") ?? "", /^failed/);
    const first = await judge("a,b\n", { rules: "nulls.all(name, nulls[name] < 0.5)" });
    assert.match(first.get("every line is a row") ?? "", /^passed 0 rows/);
  });

  it("fail where a column that is required has rows and no value", async () => {
    const columns: NonNullable<Expectations["columns"]> = {
      x: { type: "integer", min: 0, values: ["1"] },
      y: { max: 3, required: false },
      z: { max: 3, nulls: 1 },
    };
    const found = await judge("id,x,y,z\n1,,,\n2,,,\n", { expectations: { columns } });
    for (const rule of ["x: type integer", "x: at least 0", "x: known values"])
      assert.match(found.get(rule) ?? "", /^failed x has no/, rule);
    for (const rule of ["y: at most 3", "z: at most 3"]) assert.match(found.get(rule) ?? "", /^skipped/, rule);
  });

  it("hold no rule on numbers of a column that has words among them, or hardly any", async () => {
    const some = csv("x", 100, (row) => (row === 7 ? "300 years" : String(row)));
    const rules =
      "maximum.x < 200\nmean.x < 200\nminimum.x >= 0\ndeviation.x < 200\nmaximum.all(name, maximum[name] < 200)";
    const found = await judge(some, { rules });
    for (const rule of rules.split("\n"))
      assert.match(found.get(rule) ?? "", /^failed .*"x" is NaN, which is no finite number/, rule);
    const hardly = csv("x,y", 10, (row) => `${row === 7 ? "9" : `room ${row}`},${row}`);
    const other = await judge(hardly, { rules: "maximum.x < 200\nmaximum.all(name, maximum[name] < 200)" });
    assert.match(other.get("maximum.x < 200") ?? "", /^failed The map "maximum" has no metric "x"; it has y\./);
    assert.match(other.get("maximum.all(name, maximum[name] < 200)") ?? "", /^passed/);
  });

  it("hold rules or not, with the numbers; what is not there fails them", async () => {
    const rules = [
      "data.rows >= 0.9 * baseline.rows",
      "nulls.x == 0 && maximum.x <= 9",
      "mean.x <= baseline['mean.x'] + 0.1",
      "psi.all(name, psi[name] < 0.2)",
      "nulls.income < 0.1",
      "distinct.x > 10",
    ];
    const found = await judge(HUNDRED, { base: HUNDRED, rules: rules.join("\n") });
    const outcomes = rules.map((rule) => (found.get(rule) ?? "").split(" ")[0]);
    assert.deepEqual(outcomes, ["passed", "passed", "passed", "passed", "failed", "failed"]);
    assert.match(found.get("nulls.income < 0.1") ?? "", /"income"; it has id, x/);
    assert.match(found.get("distinct.x > 10") ?? "", /distinct\.x = 10 is not more than 10/);
    const alone = await judge(HUNDRED, { rules: rules.join("\n") });
    assert.deepEqual(
      rules.map((rule) => (alone.get(rule) ?? "").split(" ")[0]),
      ["skipped", "passed", "skipped", "skipped", "failed", "failed"],
    );
  });

  it("leave no values in the record of columns whose values hardly repeat, as those of people's addresses", async () => {
    const data = await profile(csv("mail,country", 60, (row) => `p${row}@contoso.com,${["DE", "FR"][row % 2]}`));
    const judged = {
      ...{ data, base: undefined, baseline: "", noBaseline: "none" },
      expectations: {},
      rules: [],
      now: NOW,
    };
    const { columns } = dataReport({ called: "people:4" }, judged, judgeData(judged));
    assert.deepEqual(
      columns.map(({ name, values }) => [name, values]),
      [
        ["mail", undefined],
        ["country", { DE: 30, FR: 30 }],
      ],
    );
  });
});
