// JSON schema of triggers and resources.
import { anyMapping, described, list, mapping, oneOf, ref, text } from "./pieces.ts";
import type { Schema } from "./tasks.ts";

/** Branches, paths or tags. */
export const FILTER: Schema = {
  anyOf: [list(ref("string")), mapping({ include: list(ref("string")), exclude: list(ref("string")) })],
};

/** Triggers of commits and of pull requests. */
export const TRIGGER: Schema = {
  anyOf: [
    { type: "string", pattern: "^none$" },
    list(ref("string"), "Branches"),
    mapping({
      batch: described("boolean", "Commits during a run wait for its end, and are run together"),
      autoCancel: described("boolean", "A new commit to the pull request cancels its older runs"),
      drafts: described("boolean", "Drafts are run too"),
      branches: FILTER,
      paths: FILTER,
      tags: FILTER,
    }),
  ],
};

export const RESOURCES: Schema = mapping({
  pipelines: list(
    mapping(
      {
        pipeline: text("Alias"),
        source: text("Name of the pipeline"),
        project: text("Its project"),
        version: text("Run number that is taken where none triggers"),
        branch: text("Branch of the run that is taken where none triggers"),
        tags: list(ref("string"), "Tags of the run that is taken where none triggers"),
        trigger: {
          anyOf: [
            { type: "string", pattern: "^(none|true)$" },
            { type: "boolean" },
            mapping({
              enabled: ref("boolean"),
              branches: FILTER,
              tags: list(ref("string")),
              stages: list(ref("string")),
            }),
          ],
        },
      },
      "pipeline",
    ),
  ),
  repositories: list(
    mapping(
      {
        repository: text("Alias"),
        type: oneOf("Where it lies", "git", "github", "githubenterprise", "bitbucket"),
        name: text("Its name, with its project or owner"),
        ref: text("Branch or tag"),
        endpoint: text("Service connection"),
        trigger: TRIGGER,
      },
      "repository",
    ),
  ),
  webhooks: list(
    mapping(
      {
        webhook: text("Alias"),
        connection: text("Service connection of type Incoming Webhook"),
        type: text("Kind of the payload"),
        filters: list(mapping({ path: text("Path in the payload"), value: text("What must stand there") })),
      },
      "webhook",
    ),
  ),
  containers: list(anyMapping("A container")),
  packages: list(anyMapping("A package")),
  builds: list(anyMapping("A build of another system")),
});
