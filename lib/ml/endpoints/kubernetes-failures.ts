// Classes of failed deployments that Microsoft's guide knows of Kubernetes endpoints, each by its code (docs/facts/operations.md#A.8): not verified
// against live Azure.
// Tests: test/lib/ml/endpoints/failure-digest.test.ts
import type { FailureClass } from "./failure-class.ts";

export const KUBERNETES_FAILURES: readonly FailureClass[] = [
  {
    name: "scoringScript",
    codes: ["UserScriptInitFailed"],
    means: "init() of the scoring script raised an exception.",
    remedy: "Correct what the container's log says.",
    log: "scoring",
  },
  {
    name: "scoringScript",
    codes: ["UserScriptImportError"],
    means: "The scoring script imports a package that the environment does not have.",
    remedy: "Add the package to the environment's conda file, or correct the import.",
    log: "scoring",
  },
  {
    name: "scoringScript",
    codes: ["UserScriptFunctionNotFound"],
    means: "The scoring script lacks the function init() or run().",
    remedy: "Add the function.",
    log: "scoring",
  },
  {
    name: "crashLoop",
    codes: ["DeploymentCrashLoopBackOff", "KubernetesCrashLoopBackOff"],
    means: "The container crashes again and again on the Kubernetes cluster.",
    remedy: "Correct what the container's log says; where it says nothing, raise resources.limits.memory.",
    log: "scoring",
  },
  {
    name: "imagePull",
    codes: ["ImagePullLoopBackOff"],
    means: "The Kubernetes cluster could not pull the image.",
    remedy: "Check the cluster's network policy, and that it may reach the workspace's container registry.",
  },
  {
    name: "registryAccess",
    codes: ["ACRSecretError", "ACRTokenExchangeFailed"],
    means: "The Kubernetes cluster has no access to the container registry yet.",
    remedy:
      "Wait a minute and run again: a new role takes time to count. If it stays, check the Azure Machine Learning extension of the cluster, its proxy and its private endpoints.",
  },
  {
    name: "clusterIdentity",
    codes: ["TokenRefreshFailed"],
    means: "The Azure Machine Learning extension of the Kubernetes cluster got no credential from Azure.",
    remedy: "Install the extension again, and run again.",
  },
  {
    name: "clusterNetwork",
    codes: ["GetAADTokenFailed", "ACRAuthenticationChallengeFailed"],
    means: "The Kubernetes cluster could not reach Microsoft Entra or the container registry.",
    remedy: "Check the cluster's outbound proxy and firewall, and the public access of the workspace and its registry.",
  },
  {
    name: "clusterUnreachable",
    codes: ["KubernetesUnaccessible"],
    means: "Azure ML could not reach the Kubernetes cluster.",
    remedy:
      "Check that the cluster runs. Where the reason is its certificate, rotate that, and run again five hours later.",
  },
  {
    name: "namespace",
    codes: ["NamespaceNotFound"],
    means: "The namespace of the attached Kubernetes compute is not in the cluster.",
    remedy: "Detach the compute, and attach it again with a namespace that is there.",
  },
  {
    name: "clusterEndpoint",
    codes: ["EndpointNotFound"],
    means: "The endpoint is not in the Kubernetes cluster.",
    remedy: "Create the endpoint there first, or name the one that is there.",
  },
  {
    name: "nameTaken",
    codes: ["EndpointAlreadyExists"],
    means: "The Kubernetes cluster has an endpoint of this name already.",
    remedy: "Choose another endpointName.",
  },
  {
    name: "clusterRouter",
    codes: ["ScoringFeUnhealthy"],
    means: "The router of requests in the Kubernetes cluster (azureml-fe) is missing or unhealthy.",
    remedy: "Install or update the Azure Machine Learning extension of the cluster.",
  },
  {
    name: "scoringAddress",
    codes: ["ValidateScoringFailed"],
    means: "The endpoint's address could not be called when the model was checked.",
    remedy: "Check the endpoint's address and the cluster's ingress, and run again.",
  },
  {
    name: "specification",
    codes: ["InvalidDeploymentSpec"],
    means: "The deployment's settings contradict each other.",
    remedy: "Correct instance_count; with target_utilization it must lie between min_instances and max_instances.",
  },
  {
    name: "clusterUnreachable",
    codes: ["InferencingClientCallFailed"],
    means:
      "Azure ML's service for deployments refused or lost the request; on Kubernetes its extension did not answer.",
    remedy:
      "Correct what the message names; without a reason there, install or update the cluster's Azure Machine Learning extension, or run again.",
  },
];
