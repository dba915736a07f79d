// Pull requests of the demo's repository in local Azure DevOps, and the notes that its pipelines leave on them.
import type { LocalCloud } from "../../local/cloud.ts";
import { isDeleted, type PullRequest } from "../../local/devops/state/pull-requests.ts";
import type { DemoRepository } from "./repository.ts";

/** A comment that a pipeline wrote on a pull request. */
export interface Note {
  readonly pullRequest: number;
  /** Of the pull request. */
  readonly title: string;
  /** The comment's markdown, as it lies in Azure DevOps. */
  readonly text: string;
}

interface Proposal {
  readonly title: string;
  readonly description: string;
  /** Short name of the source branch. */
  readonly branch: string;
  readonly change: () => void;
}

export class PullRequests {
  readonly #devops: LocalCloud["devops"];
  readonly #name: string;
  readonly #repository: DemoRepository;

  /** @param name of the repository in Azure DevOps */
  constructor(devops: LocalCloud["devops"], name: string, repository: DemoRepository) {
    this.#devops = devops;
    this.#name = name;
    this.#repository = repository;
  }

  /** Completes a pull request of Ada's whose merge is the newest commit. */
  merged(title: string, branch: string): void {
    const { repositories } = this.#devops;
    const pull = repositories.openPullRequest({
      ...{ repository: repositories.add(this.#name), title, createdBy: this.#devops.person("Ada Example") },
      ...{ sourceRefName: `refs/heads/${branch}`, targetRefName: `refs/heads/${this.#repository.branch}` },
    });
    repositories.completePullRequest(pull, this.#repository.commit);
  }

  /** Opens a pull request of Ada's, with what `change` commits on its branch; merges onto it need the status of the pipeline of that name. */
  propose(wanted: Proposal): PullRequest {
    const { repositories } = this.#devops;
    const { title, description, branch, change } = wanted;
    const target = `refs/heads/${this.#repository.branch}`;
    const repository = repositories.add(this.#name);
    repository.requiredStatuses.push({ refName: target, genre: "azureml", name: this.#name });
    const lastMergeTargetCommit = this.#repository.commit;
    const commit = this.#repository.branchOff(branch, change);
    return repositories.openPullRequest({
      ...{ repository, title, description, createdBy: this.#devops.person("Ada Example") },
      ...{ sourceRefName: `refs/heads/${branch}`, targetRefName: target },
      // Nothing was pushed to the target meanwhile: the merge has the files of the branch.
      ...{ lastMergeSourceCommit: commit, lastMergeTargetCommit, lastMergeCommit: commit },
    });
  }

  /** All that pipelines wrote so far, the oldest first. */
  notes(): Note[] {
    return this.#devops.repositories.pullRequests.flatMap(({ pullRequestId: pullRequest, title, threads }) =>
      threads
        // Threads of the system have no status.
        .filter((one) => one.status !== undefined && !isDeleted(one))
        .map(({ comments }) => ({ pullRequest, title, text: comments[0]?.content ?? "" })),
    );
  }
}
