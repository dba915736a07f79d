// Classes of failed deployments: by which code and words the service tells each, what it means, and what to do about it. A table, pure.
// Sources: docs/facts/operations.md#A.7, #A.8; which code comes with which fault is read from public reports and Microsoft's guide: not verified
// against live Azure.
// Tests: test/lib/ml/endpoints/failure-digest.test.ts
import type { FailureClass } from "./failure-class.ts";
import { KUBERNETES_FAILURES } from "./kubernetes-failures.ts";

const RESERVE =
  "Azure ML asks for a fifth more than the instances need, so that it can upgrade them, and for at least one instance more.";

/** The more special class stands first. */
export const FAILURE_CLASSES: readonly FailureClass[] = [
  {
    name: "quota",
    words:
      /Not enough quota available for (?<size>[\w.-]{1,80}).{0,300}?usage\/limit: (?<used>\d{1,9})\/(?<limit>\d{1,9})\. Additional needed: (?<needed>\d{1,9})/is,
    means: "The quota for {size} is too small: {needed} more cores are needed, and {used} of {limit} are in use.",
    remedy: `Take a smaller or another instance_type, lower instance_count, delete deployments that nobody uses, or ask for more quota. ${RESERVE}`,
    anchor: "error-outofquota",
  },
  {
    name: "endpointQuota",
    words: /Endpoint Quota reached.{0,300}?usage\/limit: (?<used>\d{1,9})\/(?<limit>\d{1,9})/is,
    means: "The subscription has no room for another endpoint: {used} of {limit} are in use.",
    remedy: "Delete endpoints that nobody uses, or ask for a higher limit.",
    anchor: "error-outofquota",
  },
  {
    name: "quota",
    words:
      /amount of (?:additional )?CPU quota requested is (?<needed>\d{1,9})(?:, and you are currently using (?<used>\d{1,9}))?.{0,80}?maximum (?:amount of )?(?:CPU )?quota is (?<limit>\[N\/A\]|\d{1,9})/is,
    means: "The quota of cores is too small: {needed} more are needed, {used} are in use, and the limit is {limit}.",
    remedy: `Take a smaller or another instance_type, lower instance_count, delete deployments that nobody uses, or ask for more quota. ${RESERVE}`,
    anchor: "error-outofquota",
  },
  {
    name: "outOfMemory",
    codes: ["PodOutOfMemory"],
    means: "The container needed more memory than it may have, and was ended.",
    remedy:
      "Give it more memory: a larger instance_type, or on Kubernetes a higher resources.limits.memory; or load a smaller model.",
    log: "scoring",
  },
  {
    name: "outOfMemory",
    words:
      /insufficient memory|\bOOM(?:Killed)?\b|out of memory|memory limit|exit(?:ed with)? code:? 137|memory footprint/i,
    means: "The container needed more memory than it may have, and was ended.",
    remedy:
      "Give it more memory: a larger instance_type, or on Kubernetes a higher resources.limits.memory; or load a smaller model.",
    log: "scoring",
  },
  {
    name: "unschedulable",
    words: /Kubernetes unschedulable\. ?Details: ?(?<details>[^\n]{1,200}?)(?= Please see|$)/im,
    means: "No node of the Kubernetes cluster has room for the deployment ({details}).",
    remedy: "Lower resources.requests or instance_count, or have nodes added to the cluster or pods removed from it.",
    anchor: "error-outofquota",
  },
  {
    name: "unschedulable",
    codes: ["PodUnschedulable"],
    means: "No node of the Kubernetes cluster has room for the deployment.",
    remedy: "Lower resources.requests or instance_count, or have nodes added to the cluster or pods removed from it.",
  },
  {
    name: "disk",
    codes: ["OutOfQuota"],
    words: /\bdisk\b|no space left/i,
    means: "The instance's disk has no room for the image and the model.",
    remedy: "Take an instance_type with a larger disk, or a smaller image or model.",
  },
  {
    name: "roleAssignments",
    codes: ["OutOfQuota"],
    words: /role assignments?/i,
    means: "The subscription has as many role assignments as it may have, and the endpoint's identity needs one more.",
    remedy: "Delete role assignments that nobody needs.",
  },
  {
    name: "capacity",
    codes: ["OutOfQuota", "OutOfCapacity"],
    words: /capacity/i,
    means: "The region has no free machine of this size now.",
    remedy: "Run again later, or take another instance_type or region.",
  },
  {
    name: "capacity",
    codes: ["OutOfCapacity"],
    means: "The region has no free machine of this size now.",
    remedy: "Run again later, or take another instance_type or region.",
  },
  {
    name: "quota",
    codes: ["OutOfQuota"],
    means: "A quota is exhausted.",
    remedy: `Take a smaller or another instance_type, lower instance_count, delete deployments that nobody uses, or ask for more quota. ${RESERVE}`,
  },
  {
    name: "imageBuild",
    words: /container registry authorization failure/i,
    means: "The image was not built, because the workspace could not sign in to its container registry.",
    remedy: "Synchronize the workspace's keys (az ml workspace sync-keys), and check the registry's firewall.",
    log: "build",
    anchor: "error-imagebuildfailure",
  },
  {
    name: "imageBuild",
    words: /failed to communicate with the workspace's container registry/i,
    means:
      "The image was not built, because the workspace's container registry is private and nothing that may reach it builds images.",
    remedy:
      "Set a compute that builds images (az ml workspace update --image-build-compute), or allow the registry to build in the network.",
    log: "build",
    anchor: "error-imagebuildfailure",
  },
  {
    name: "imageBuild",
    codes: ["ImageBuildFailure"],
    means: "The image of the environment could not be built.",
    remedy:
      "Correct the conda file or the Dockerfile by the build log, and pin the versions of packages. Build a large environment before the deployment (AzureMLApply), so that it only has to be pulled.",
    log: "build",
  },
  {
    name: "imageBuild",
    words: /\bImage build failed\b/i,
    means: "The image of the environment could not be built.",
    remedy: "Correct the conda file or the Dockerfile by the build log, and pin the versions of packages.",
    log: "build",
    anchor: "error-imagebuildfailure",
  },
  {
    name: "secrets",
    codes: ["SecretsInjectionError"],
    means: "The endpoint's identity could not read a secret that the environment variables refer to.",
    remedy:
      "Check the ${{…}} reference and that the secret is there. Give the endpoint's identity Key Vault Secrets User on the vault, or Azure Machine Learning Workspace Connection Secrets Reader on the workspace; a new role takes some minutes to count.",
  },
  {
    name: "managedNetwork",
    codes: ["WorkspaceManagedNetworkNotReady"],
    means: "The workspace's managed network is not provisioned yet.",
    remedy: "Provision it (az ml workspace provision-network), wait for its end, and run again.",
  },
  {
    name: "canceled",
    codes: ["OperationCanceled", "OperationCancelled"],
    means: "Azure ended the operation in favour of another one on the same endpoint.",
    remedy:
      "Wait a minute and run again; let pipelines that change one endpoint run one after the other (lockBehavior: sequential).",
  },
  {
    name: "provider",
    words: /Resource provider .{1,120}? isn't registered|SubscriptionNotRegistered/is,
    means: "A resource provider that endpoints need is not registered in the subscription.",
    remedy:
      "Have an owner of the subscription register Microsoft.PolicyInsights and Microsoft.Cdn (az provider register --namespace NAME), and run again.",
  },
  {
    name: "access",
    words:
      /authorization error|does not have pull permission|(?:incorrect )?role assignments? on (?:the )?resource|AuthorizationPermissionMismatch/i,
    means: "The endpoint's identity may not read the model, the code or the image.",
    remedy:
      "Give a user-assigned identity Storage Blob Data Reader on the workspace's storage account and AcrPull on its container registry; the identity that Azure makes has both, a few minutes after the endpoint.",
    log: "files",
    anchor: "authorization-error",
  },
  {
    name: "imagePull",
    words: /Unable to download user container image/i,
    means: "The image could not be pulled.",
    remedy: "Check that the image is in the registry, and that the endpoint's identity has AcrPull on it.",
    log: "scoring",
  },
  {
    name: "files",
    words: /Unable to download user (?:model|code)|The storage initializer failed|BlobContainerNotFound/i,
    means: "The model or the code could not be copied from storage.",
    remedy:
      "Check that the files are where the model's version says, and that the endpoint's identity may read the storage account through its firewall.",
    log: "files",
  },
  {
    name: "policy",
    words: /template function|RequestDisallowedByPolicy|policy (?:assignment|definition)/i,
    means: "An Azure policy of the subscription stands in the way.",
    remedy: "Have the policy that the message names corrected, or an exemption made.",
  },
  {
    name: "nameTaken",
    words: /already an endpoint with this name|endpoint with this name already exists/i,
    means: "Another endpoint in this region has the name.",
    remedy: "Choose another endpointName: names are unique within a region, over all subscriptions.",
  },
  {
    name: "limits",
    words: /requests?\b.{0,80}(?:greater than|exceed)\w*\b.{0,40}limits?/is,
    means: "The deployment asks for more than its limits let it have.",
    remedy: "Lower resources.requests, or raise resources.limits up to what the compute's instance type has.",
    anchor: "resource-requests-greater-than-limits",
  },
  {
    name: "probe",
    codes: ["ResourceNotReady"],
    words: /(?<probe>Liveness|Readiness|Startup) probe failed/i,
    means: "The container was started, and did not answer its {probe} probe.",
    remedy:
      "Correct what the container's log says of init() and of the packages. Where it only takes long to load, give it time: liveness_probe and readiness_probe with a longer initial_delay or a higher failure_threshold.",
    log: "scoring",
  },
  {
    name: "container",
    codes: ["ResourceNotReady"],
    means: "The container ended, or did not get ready, before it could answer requests.",
    remedy:
      "Correct what the container's log says of init() and of the packages. Without a log it did not start: try the deployment on your machine first (az ml online-deployment create --local).",
    log: "scoring",
  },
  {
    name: "notFound",
    codes: ["ResourceNotFound"],
    means: "Something that the deployment needs is not there, or may not be read.",
    remedy:
      "Check the names and paths of model, code and image, and that the container registry and the storage account can be reached.",
    log: "files",
  },
  {
    name: "clusterRouter",
    words: /azureml-fe\b.{0,120}\b(?:not|isn't|unavailable)/is,
    means: "The router of requests in the Kubernetes cluster (azureml-fe) is not ready.",
    remedy: "Check its pods, or update the Azure Machine Learning extension of the cluster.",
    anchor: "azureml-fe-not-ready",
  },
  {
    name: "badArgument",
    codes: ["BadArgument"],
    means: "The service refuses a value of the deployment.",
    remedy: "Correct what the message names.",
    log: "files",
  },
  {
    name: "service",
    codes: ["InternalServerError"],
    means: "Azure ML failed.",
    remedy: "Run again once; if it stays, give the request id to Azure support.",
  },
  ...KUBERNETES_FAILURES,
];
