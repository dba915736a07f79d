// The forms of a secret that are masked.
import assert from "node:assert/strict";
import fc from "fast-check";
import { secretForms } from "../../../lib/agent/secrets.ts";

const pem = [
  "-----BEGIN PRIVATE KEY-----",
  "MIIEvQIBADANBgkqhkiG9w0B",
  "AQEFAASCBKcwggSjAgEAAoIB",
  "ab==",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");

describe("secret forms", () => {
  it("are the secret as it is, in base64, and as basic authentication", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    assert.deepEqual(secretForms('a b~"/+'), ['a b~"/+', base64('a b~"/+'), base64(':a b~"/+')]);
  });

  it("have no percent sign, which the agent would echo in a form that it does not mask", () => {
    const forms = secretForms("a%2Fb");
    assert.ok(forms.length > 0);
    fc.assert(fc.property(fc.string(), (secret) => assert.ok(!secretForms(secret).some((form) => form.includes("%")))));
    assert.ok(!forms.includes("a%2Fb"));
  });

  it("are the lines of a certificate, because the agent masks no line of a text", () => {
    const forms = secretForms(pem);
    assert.ok(forms.includes("MIIEvQIBADANBgkqhkiG9w0B"));
    assert.ok(forms.includes("AQEFAASCBKcwggSjAgEAAoIB"));
    assert.ok(forms.includes(Buffer.from(pem).toString("base64")));
    assert.ok(!forms.some((form) => form.includes("-----")), "a line that every PEM has");
    assert.ok(!forms.includes("ab=="), "a line so short that it is found in ordinary text");
  });

  it("never are of several lines, and never empty", () => {
    assert.deepEqual(secretForms(""), []);
    fc.assert(
      fc.property(fc.string(), (secret) => {
        for (const form of secretForms(secret)) assert.match(form, /^[^\r\n]+$/);
      }),
    );
  });
});
