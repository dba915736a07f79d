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
  it("are the secret as it is, in base64, in URLs, in forms, in JSON and as basic authentication", () => {
    const secret = 'a b~"/+';
    const forms = secretForms(secret);
    for (const form of [
      secret,
      Buffer.from(secret).toString("base64"),
      Buffer.from(`:${secret}`).toString("base64"),
      "a%20b~%22%2F%2B",
      "a+b%7E%22%2F%2B",
      'a b~\\"/+',
    ]) {
      assert.ok(forms.includes(form), form);
    }
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
