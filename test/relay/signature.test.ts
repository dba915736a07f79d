// The signature against published answers, and names with wildcards.
import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesGlob } from "../../relay/core/pattern.ts";
import { signBody } from "../../relay/core/signature.ts";
import { keyPart } from "../../relay/core/store.ts";

describe("relay: signature", () => {
  // RFC 2202, test cases 2 and 6; and the sentence that every encyclopedia has.
  for (const [secret, body, digest] of [
    ["Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
    ["key", "The quick brown fox jumps over the lazy dog", "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"],
  ] as const) {
    it(`of ${JSON.stringify(body)} is the known one`, () => {
      assert.equal(signBody(Buffer.from(body), secret), digest);
      assert.equal(signBody(Buffer.from(body), secret, "sha1="), `sha1=${digest}`);
    });
  }

  it("is of the bytes, not of characters", () => {
    assert.equal(signBody(Buffer.from("ä", "utf8"), "s"), signBody(Buffer.from([0xc3, 0xa4]), "s"));
    assert.notEqual(signBody(Buffer.from("ä", "latin1"), "s"), signBody(Buffer.from("ä", "utf8"), "s"));
  });
});

describe("relay: patterns", () => {
  for (const [pattern, text, matches] of [
    ["credit", "credit", true],
    ["credit", "credits", false],
    ["credit-*", "credit-eu", true],
    ["credit-*", "credit", false],
    ["*-prod", "credit-prod", true],
    ["c?edit", "credit", true],
    ["c?edit", "cedit", false],
    ["*", "", true],
    ["a*b*c", "a1b2b3c", true],
    ["a*b*c", "a1b2b3", false],
    ["[a]", "a", false],
    ["a.c", "abc", false],
    ["Credit", "credit", false],
  ] as const) {
    it(`${pattern} ${matches ? "matches" : "does not match"} ${JSON.stringify(text)}`, () => {
      assert.equal(matchesGlob(pattern, text), matches);
    });
  }

  it("agree with the regular expression they stand for", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
        assert.equal(matchesGlob(pattern, text), expression.test(text));
      }),
    );
  });

  it("take no time to say no", () => {
    // Where every star tried every length, this would not end in the lifetime of a machine.
    assert.equal(matchesGlob(`${"*a".repeat(20)}b`, "a".repeat(2_000)), false);
  });
});

describe("relay: parts of keys", () => {
  it("never meet, and never leave their place", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        if (a !== b) assert.notEqual(keyPart(a), keyPart(b));
        assert.match(keyPart(a), /^[A-Za-z0-9._=-]+$/);
        assert.doesNotMatch(keyPart(a), /^\.+$|\.$/);
      }),
    );
    for (const one of ["", ".", "..", "a.", "../x", "a/b"]) assert.ok(!keyPart(one).split("/").includes(".."));
  });
});
