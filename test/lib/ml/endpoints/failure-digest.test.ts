// Digest of a failed deployment: the quoted texts of public reports and of Microsoft's guide (docs/facts/operations.md#A.8), and variants of them.
import assert from "node:assert/strict";
import { lastBuildWords, lastWords } from "../../../../lib/ml/endpoints/container-words.ts";
import { FAILURE_CLASSES } from "../../../../lib/ml/endpoints/failure-classes.ts";
import { buildLogPlace, digestFailure } from "../../../../lib/ml/endpoints/failure-digest.ts";

const guide = (code: string) => `Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-${code}`;
const quota =
  'The request is invalid. InferencingClient HttpRequest error, error detail: {"errors":{"VmSize":["Not enough quota available for Standard_F4s_v2 in SubscriptionId 00000000-0000-0000-0000-000000000001. Current usage/limit: 0/6. Additional needed: 8 ' +
  `${guide("outofquota")}"]},"title":"One or more validation errors occurred.","status":400}`;

/** The message, the code beside it, the class, and words of the sentence. */
const cases: readonly (readonly [message: string, code: string | undefined, kind: string, means: RegExp])[] = [
  [quota, "InferencingClientCreateDeploymentFailed", "quota", /for Standard_F4s_v2 .*8 more cores.*0 of 6/],
  [quota.replace("0/6", "14/20"), undefined, "quota", /14 of 20 are in use/],
  [
    `Not enough subscription CPU quota. The amount of CPU quota requested is 32 and your maximum amount of quota is [N/A]. ${guide("outofquota")}`,
    "OutOfQuota",
    "quota",
    /^The quota of cores is too small: 32 more are needed, and the limit is not known\.$/,
  ],
  [
    "Not enough cluster CPU quota. The amount of additional CPU quota requested is 8, and you are currently using 14. Your amount of maximum quota is 20.",
    "OutOfQuota",
    "quota",
    /8 more are needed, 14 are in use, and the limit is 20/,
  ],
  ["OutOfQuota: No more cores.", "None", "quota", /quota is exhausted/],
  [
    '"Endpoint Quota reached for subscription ***.Current usage/limit: 300/300.Please clean up existing endpoints and try again"',
    "InferencingClientCallFailed",
    "endpointQuota",
    /300 of 300/,
  ],
  [
    `OutOfQuota: Container terminated due to insufficient memory. ${guide("outofquota")}`,
    undefined,
    "outOfMemory",
    /more memory/,
  ],
  ["ResourceNotReady: User container has crashed or terminated: OOMKilled", undefined, "outOfMemory", /more memory/],
  ["User container has crashed or terminated (exit code: 137)", "ResourceNotReady", "outOfMemory", /more memory/],
  ["The pod was ended.", "PodOutOfMemory", "outOfMemory", /more memory/],
  [
    `OutOfQuota: Kubernetes unschedulable. Details:0/1 nodes are available: 1 Too many pods. ${guide("outofquota")}`,
    undefined,
    "unschedulable",
    /\(0\/1 nodes are available: 1 Too many pods\.?\)/,
  ],
  ["The model does not fit on the disk.", "OutOfQuota", "disk", /disk has no room/],
  ["The role assignment limit is reached.", "OutOfQuota", "roleAssignments", /role assignments/],
  [
    "The specified VM size failed to provision due to a lack of capacity.",
    "OutOfCapacity",
    "capacity",
    /no free machine/,
  ],
  [
    'The build log is available in the workspace blob store "stor1" under the path "/azureml/ImageLogs/4f0c/build.log"',
    "ImageBuildFailure",
    "imageBuild",
    /image of the environment could not be built/,
  ],
  [
    "ImageBuildFailure: container registry authorization failure",
    undefined,
    "imageBuild",
    /sign in to its container registry/,
  ],
  ["ImageBuildFailure: failed to communicate with the workspace's container registry", "None", "imageBuild", /private/],
  [
    "Image build failed. Build log: https://acrtaskprodweu013.blob.core.windows.net/container-dee2/logs/cb9u/rawtext.log",
    "UserError",
    "imageBuild",
    /could not be built/,
  ],
  ["The secret is not there.", "SecretsInjectionError", "secrets", /could not read a secret/],
  ["WorkspaceManagedNetworkNotReady: provision it first", undefined, "managedNetwork", /not provisioned/],
  [
    "The operation was canceled by another operation that has a higher priority.",
    "OperationCanceled",
    "canceled",
    /in favour of/,
  ],
  [
    "Resource provider [N/A] isn't registered with Subscription [N/A]. Please see troubleshooting guide, available here: https://aka.ms/register-resource-provider",
    "SubscriptionNotRegistered",
    "provider",
    /resource provider/,
  ],
  [
    `BadArgument: Startup task failed due to authorization error. ${guide("badargument")}`,
    undefined,
    "access",
    /may not read/,
  ],
  [
    "Endpoint identity does not have pull permission on the registry. For System Assigned Identity case and workspace ACR, platform will wire up the permissions. Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#authorization-error",
    "BadArgument",
    "access",
    /may not read the model, the code or the image/,
  ],
  ["BadArgument: Unable to download user container image", undefined, "imagePull", /could not be pulled/],
  [
    'ResourceNotFound: Unable to download user model or code artifacts, storage blob container {"Message":"BlobContainerNotFound"}',
    undefined,
    "files",
    /could not be copied from storage/,
  ],
  ["BadArgument: Invalid template function specification", undefined, "policy", /policy/],
  [
    "There is already an endpoint with this name, endpoint name needs to be unique within a region",
    "BadRequest",
    "nameTaken",
    /region/,
  ],
  ["BadArgument: Resource requests are greater than limits", undefined, "limits", /more than its limits/],
  ["BadArgument: azureml-fe for the Kubernetes online endpoint isn't ready", undefined, "clusterRouter", /azureml-fe/],
  [
    `ResourceNotReady: User container has crashed or terminated: Liveness probe failed: HTTP probe failed with statuscode: 502. ${guide("resourcenotready")}`,
    "None",
    "probe",
    /did not answer its Liveness probe/,
  ],
  [
    "User container has crashed or terminated. See the logs.",
    "ResourceNotReady",
    "container",
    /before it could answer/,
  ],
  ["ResourceNotFound: Image not found", undefined, "notFound", /not there/],
  ["BadArgument: something else", undefined, "badArgument", /refuses a value/],
  ["InternalServerError: Internal error.", undefined, "service", /Azure ML failed/],
  [
    "Azure refused to create the deployment blue: The request is invalid. (BadRequest > KubernetesUnaccessible) Kubernetes error: AuthenticationException. Reason: InvalidCertificate",
    "KubernetesUnaccessible",
    "clusterUnreachable",
    /could not reach the Kubernetes cluster/,
  ],
];

describe("Digest of a failed deployment", () => {
  for (const [message, code, kind, means] of cases) {
    it(`${kind}: ${message.slice(0, 90)} (${code ?? "no code"})`, () => {
      const digest = digestFailure({ code, message });
      assert.equal(digest?.kind, kind);
      assert.match(digest!.means, means);
      assert.doesNotMatch(digest!.means, /[{}]|undefined|\[N\/A\]/);
      assert.match(digest!.guide, /^https:\/\/aka\.ms\//);
    });
  }

  it("knows every code of Microsoft's guide, also as the prefix of a message, and names its part of the guide", () => {
    const codes =
      "ImageBuildFailure OutOfQuota OutOfCapacity BadArgument ResourceNotReady ResourceNotFound WorkspaceManagedNetworkNotReady OperationCanceled SecretsInjectionError InternalServerError ACRSecretError TokenRefreshFailed GetAADTokenFailed ACRAuthenticationChallengeFailed ACRTokenExchangeFailed KubernetesUnaccessible ImagePullLoopBackOff DeploymentCrashLoopBackOff KubernetesCrashLoopBackOff NamespaceNotFound UserScriptInitFailed UserScriptImportError UserScriptFunctionNotFound EndpointNotFound EndpointAlreadyExists ScoringFeUnhealthy ValidateScoringFailed InvalidDeploymentSpec PodUnschedulable PodOutOfMemory InferencingClientCallFailed";
    for (const code of codes.split(" ")) {
      for (const error of [
        { code, message: "It failed." },
        { code: "None", message: `${code}: It failed.` },
      ]) {
        const digest = digestFailure(error);
        assert.equal(digest?.code, code);
        assert.equal(digest.guide, `https://aka.ms/oe-tsg#error-${code.toLowerCase()}`);
      }
    }
  });

  it("each row is reached by some text, and each sentence ends", () => {
    const reached = new Set(cases.map(([message, code]) => digestFailure({ code, message })?.means));
    assert.ok(reached.size > 25);
    for (const { means, remedy } of FAILURE_CLASSES)
      assert.match(`${means}\n${remedy}`, /^(?:[A-Z]|init\(\)).*\.\n[A-Z].*\.$/);
  });

  it("says nothing of what it does not know, and ends with a long hostile text", () => {
    assert.equal(digestFailure({ code: undefined, message: "The traffic was changed by somebody else." }), undefined);
    assert.equal(digestFailure({ code: "BadRequest", message: "The request is invalid." }), undefined);
    digestFailure({ code: undefined, message: "Not enough quota available for ".repeat(40_000) });
    digestFailure({ code: undefined, message: `Kubernetes unschedulable. Details:${" Please".repeat(200_000)}` });
    buildLogPlace(`under the path "/${"a".repeat(500_000)}`);
  });

  it("finds where the build's log lies, in the words of 2022 and of now", () => {
    const place = { account: "stor1", container: "azureml", path: "ImageLogs/4f0c/build.log" };
    assert.deepEqual(
      buildLogPlace(
        'The build log is available in the workspace blob store "stor1" under the path "/azureml/ImageLogs/4f0c/build.log".',
      ),
      place,
    );
    assert.deepEqual(
      buildLogPlace(
        "the build log under the storage account 'stor1' in the container 'azureml' at the path 'ImageLogs/4f0c/build.log'",
      ),
      place,
    );
    assert.equal(
      buildLogPlace("Image build failed. Build log: https://acrtask.blob.core.windows.net/c/rawtext.log"),
      undefined,
    );
  });
});

describe("The line of a log that names the error", () => {
  it("is the user's exception, not the one that the inference server wraps it in", () => {
    const log = [
      "2024-10-10 11:06:26,404 E [152] azmlinfsrv - Traceback (most recent call last):",
      '  File "/var/azureml-app/score.py", line 3, in <module>',
      "    import joblib",
      "ModuleNotFoundError: No module named 'joblib'",
      "",
      "The above exception was the direct cause of the following exception:",
      "",
      "Traceback (most recent call last):",
      '  File "/opt/miniconda/lib/python3.8/site-packages/azureml_inference_server_http/server/user_script.py", line 77, in load_script',
      "    raise UserScriptImportException(ex) from ex",
      "azureml_inference_server_http.server.user_script.UserScriptImportException: Failed to import user script because it raised an unhandled exception",
      "2024-10-10 11:06:26,404 I [152] gunicorn.error - Worker exiting (pid: 152)",
      "2024-10-10 11:06:27,133 E [12] gunicorn.error - Reason: Worker failed to boot.",
      "2024-10-10T11:06:27,404048457+00:00 - Exit code 3 is not normal. Killing image.",
    ].join("\r\n");
    assert.equal(lastWords(log), "ModuleNotFoundError: No module named 'joblib'");
  });

  it("is an exception of any name at the end of a traceback", () => {
    const log =
      'Traceback (most recent call last):\n  File "score.py", line 2, in init\n    load()\nshop.NoWeights: house-prices\nlocal Azure: bye\n';
    assert.equal(lastWords(log), "shop.NoWeights: house-prices");
  });

  it("is the last line where nothing names an exception, without colours and cut", () => {
    assert.equal(lastWords("a\n\u001b[91mKilled\u001b[0m\n\n"), "Killed");
    assert.equal(lastWords(" \n"), undefined);
    assert.equal(lastWords(`RuntimeError: ${"x".repeat(900)}`)?.length, 301);
  });

  it("is pip's own reason in a build's log", () => {
    const log = [
      "Pip subprocess error:",
      "\u001b[91mERROR: Package 'setuptools' requires a different Python: 3.7.13 not in '>=3.8'",
      "\u001b[0m",
      "CondaEnvException: Pip failed",
      "The command '/bin/sh -c ldconfig' returned a non-zero code: 1",
    ].join("\n");
    assert.equal(lastBuildWords(log), "ERROR: Package 'setuptools' requires a different Python: 3.7.13 not in '>=3.8'");
    assert.equal(lastBuildWords("ResolvePackageNotFound: \n  - python=3.99"), "ResolvePackageNotFound:");
    assert.equal(
      lastBuildWords("Installing pip dependencies: ...working..."),
      "Installing pip dependencies: ...working...",
    );
  });
});
