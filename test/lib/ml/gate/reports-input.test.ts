// The input reports, and what rules can read in reports of Evidently, Great Expectations and JUnit.
import assert from "node:assert/strict";
import { parseReports, readReport } from "../../../../lib/ml/gate/reports-input.ts";

describe("the input reports", () => {
  it("gives files names", () => {
    assert.deepEqual(parseReports("drift=outputs/evidently.json\n# remark\ntests = outputs/my tests.xml"), [
      { name: "drift", file: "outputs/evidently.json" },
      { name: "tests", file: "outputs/my tests.xml" },
    ]);
    for (const [text, expected] of [
      ["outputs/a.json", /line 1: outputs\/a\.json is no name=path/],
      ["a=outputs/a.html", /outputs\/a\.html is no path of a \.json or \.xml file/],
      ["a=../a.json", /is no path/],
      ["a=b.json\na=c.json", /it has two lines for a/],
    ] as const)
      assert.throws(() => parseReports(text), expected);
  });
});

describe("a report", () => {
  const contentOf = (file: string, text: string) => {
    const read = readReport(file, text);
    assert.ok(typeof read !== "string", String(read));
    return read.content;
  };

  it("of Evidently has its metrics by name, in the old form and the new", () => {
    const old = { metrics: [{ metric: "DatasetDriftMetric", result: { share_of_drifted_columns: 0.25 } }] };
    assert.deepEqual(contentOf("a.json", JSON.stringify(old)), {
      DatasetDriftMetric: { share_of_drifted_columns: 0.25 },
      ...old,
    });
    const later = { metrics: [{ metric_id: "DriftedColumnsCount(drift_share=0.5)", value: { count: 1, share: 0.5 } }] };
    assert.deepEqual(contentOf("a.json", JSON.stringify(later)), {
      DriftedColumnsCount: { count: 1, share: 0.5 },
      ...later,
    });
  });

  it("of JUnit is counted, without what tests print", () => {
    const xml = `<?xml version="1.0"?><testsuites><testsuite name="a" tests="9"><testcase name="1"/>
      <testcase name="2"><failure message="no"/></testcase><testcase name="3"><skipped/></testcase>
      <testcase name="4"><error>bad</error><system-out><![CDATA[<testcase/><failure/>]]></system-out></testcase>
      <!-- <testcase/> --><testcase name="5"></testcase></testsuite></testsuites>`;
    const counts = { tests: 5, failures: 1, errors: 1, skipped: 1, passed: 2 };
    assert.deepEqual(contentOf("a.xml", xml), counts);
    assert.equal(readReport("a.xml", "<html/>"), "it has no <testsuite>");
  });

  it("of JUnit has the failures between two outputs that print the marks of a comment", () => {
    const xml = `<testsuite><testcase name="1"><system-out><![CDATA[<!-- page ]]></system-out></testcase>
      <testcase name="2"><failure message="no"/></testcase>
      <testcase name="3"><system-out><![CDATA[ --> ]]></system-out></testcase></testsuite>`;
    assert.deepEqual(contentOf("a.xml", xml), { tests: 3, failures: 1, errors: 0, skipped: 0, passed: 2 });
    const other = '<testsuite><!-- <![CDATA[ --><testcase name="1"><failure/></testcase><!-- ]]> --></testsuite>';
    assert.deepEqual(contentOf("a.xml", other), { tests: 1, failures: 1, errors: 0, skipped: 0, passed: 0 });
  });

  it("of JUnit counts failures that only a suite's attributes tell", () => {
    const crashed = `<testsuites errors='1'><testsuite name="a > b" tests="0" errors="1" failures="0"/></testsuites>`;
    assert.deepEqual(contentOf("a.xml", crashed), { tests: 0, failures: 0, errors: 1, skipped: 0, passed: 0 });
    const several = `<testsuites><testsuite failures="1"><testcase/></testsuite><testsuite failures="2">
      <testsuite failures="2"><testcase/><testcase/></testsuite></testsuite></testsuites>`;
    assert.deepEqual(contentOf("a.xml", several), { tests: 3, failures: 3, errors: 0, skipped: 0, passed: 0 });
    const other = '<testsuite data-errors="7" errors="many"><testcase name="errors=&quot;3&quot;"/></testsuite>';
    assert.equal(readReport("a.xml", other), 'its attribute errors is "many", which is no whole number');
  });

  it("of JUnit counts them of a suite within one that does not sum them up, and behind one with odd attributes", () => {
    const within =
      '<testsuites><testsuite name="a"><testsuite errors="1"/><testsuite errors="2"/></testsuite></testsuites>';
    assert.deepEqual(contentOf("a.xml", within), { tests: 0, failures: 0, errors: 3, skipped: 0, passed: 0 });
    const odd = '<testsuites><testsuite größe="1"><testcase/></testsuite><testsuite errors="2"/></testsuites>';
    assert.deepEqual(contentOf("a.xml", odd), { tests: 1, failures: 0, errors: 2, skipped: 0, passed: 0 });
  });

  it("of JUnit that breaks off is none", () => {
    const why = "it breaks off before its end";
    assert.equal(readReport("a.xml", '<testsuite><testcase name="1"/><testcase name="2">'), why);
    assert.equal(readReport("a.xml", '<testsuite><testcase name="1"/><system-out><![CDATA[<failure/>'), why);
    for (const whole of ["<testsuite/>", '<testsuites><testsuite name="a" /></testsuites>\n<!-- end -->\n'])
      assert.deepEqual(contentOf("a.xml", whole), { tests: 0, failures: 0, errors: 0, skipped: 0, passed: 0 });
  });

  it("that is plain JSON is read as it is", () => {
    assert.deepEqual(contentOf("a.json", '{"success": true, "statistics": {"success_percent": 100}}'), {
      ...{ success: true, statistics: { success_percent: 100 } },
    });
    assert.deepEqual(contentOf("a.json", "\uFEFF[1]"), [1]);
    assert.equal(readReport("a.json", "{"), "it is no JSON");
    assert.equal(readReport("a.json", '{"a": NaN}'), "it holds NaN or Infinity, which JSON does not have");
  });
});
