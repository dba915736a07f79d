// Settings of the widget: kept as text, and read whatever that text is.
import assert from "node:assert/strict";
import { keptSettings, readSettings } from "../../../tab/widget/settings.ts";

describe("settings of the widget", () => {
  it("come back as they were kept", () => {
    const kept = keptSettings({ endpoint: '["s","rg1","ws1","fraud"]' });
    assert.deepEqual(readSettings({ customSettings: kept }), { endpoint: '["s","rg1","ws1","fraud"]' });
  });

  for (const data of [undefined, null, "", "null", "{", "[]", "7", '{"endpoint":7}'])
    it(`are those of a new widget where the dashboard has ${JSON.stringify(data)}`, () => {
      assert.deepEqual(readSettings(data === undefined ? undefined : { customSettings: { data } }), { endpoint: "" });
    });
});
