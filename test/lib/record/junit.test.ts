// JUnit XML that any text survives.
import assert from "node:assert/strict";
import fc from "fast-check";
import { junitXml } from "../../../lib/record/junit.ts";

describe("JUnit", () => {
  it("tells passed, failed and skipped tests", () => {
    const xml = junitXml({
      title: "rules",
      suite: "job j1",
      cases: [
        { name: "a >= 1", outcome: "passed" },
        { name: 'b < "2"', outcome: "failed", detail: "b is 3 & more" },
        { name: "c", outcome: "skipped", detail: "no champion" },
      ],
    });
    assert.equal(
      xml,
      `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="rules" tests="3" failures="1" skipped="1">
  <testsuite name="job j1" tests="3" failures="1" skipped="1">
    <testcase classname="job j1" name="a &gt;= 1"/>
    <testcase classname="job j1" name="b &lt; &quot;2&quot;"><failure message="b is 3 &amp; more">b is 3 &amp; more</failure></testcase>
    <testcase classname="job j1" name="c"><skipped message="no champion"/></testcase>
  </testsuite>
</testsuites>
`,
    );
  });

  it("holds no character that XML cannot, and no markup of the text's own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const xml = junitXml({ title: text, suite: text, cases: [{ name: text, outcome: "failed", detail: text }] });
        assert.match(xml, /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
        assert.equal(xml.match(/</g)?.length, 9);
      }),
    );
  });

  it("cuts text of others to a length that people read", () => {
    const text = "x".repeat(1_000_000);
    const xml = junitXml({ title: "rules", suite: text, cases: [{ name: text, outcome: "failed", detail: text }] });
    assert.ok(xml.length < 50_000, `${xml.length}`);
    assert.match(xml, /…/);
  });
});
