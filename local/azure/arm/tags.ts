// Refuses tags of resources that Azure Resource Manager takes of none: more than 50, and names and values that are too long or have
// characters that it keeps for itself (docs/facts/operations.md#A.6).
import type { RequestHandler } from "express";
import { invalidRequest } from "./errors.ts";
import { bodyOf } from "./router.ts";

const MOST = 50;
const LONGEST_NAME = 512;
const LONGEST_VALUE = 256;
const RESERVED = /[<>%&\\?/]/;

/**
 * Tags of a resource stand beside its location; those of assets and jobs are fields among its properties, with limits of their own. The
 * sentence about a value is in a public report (Azure-Samples/azure-search-openai-demo#1997); the other words, and that endpoints and
 * deployments of Azure ML are held to it, are not verified against live Azure.
 */
export const refuseBadTags: RequestHandler = (request, _response, next) => {
  const { tags } = /^(PUT|PATCH)$/.test(request.method) ? (bodyOf<{ tags?: object | null }>(request) ?? {}) : {};
  const entries = typeof tags === "object" && tags !== null ? Object.entries(tags) : [];
  if (entries.length > MOST)
    throw invalidRequest("TooManyTags", `The resource has ${entries.length} tags. The maximum allowed is ${MOST}.`);
  for (const [name, value] of entries) {
    if (name.length > LONGEST_NAME)
      throw invalidRequest(
        "InvalidTagNameLength",
        `Tag name too large.  Following tag name '${name}' exceeded the maximum length. Maximum allowed length for tag name - '${LONGEST_NAME}' characters.`,
      );
    if (RESERVED.test(name))
      throw invalidRequest(
        "InvalidTagNameCharacters",
        `The tag names '${name}' have reserved characters '<,>,%,&,\\,?,/' or control characters.`,
      );
    if (String(value ?? "").length > LONGEST_VALUE)
      throw invalidRequest(
        "InvalidTagValueLength",
        `Tag value too large.  Following tag value '${value}' exceeded the maximum length. Maximum allowed length for tag value - '${LONGEST_VALUE}' characters.`,
      );
  }
  next();
};
