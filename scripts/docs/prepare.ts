// Things that snippets take for granted, as pipelines of the packaged tasks: data, a job that was judged, a version of a model, an endpoint.
// Tests: test/docs/run-snippets.test.ts
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import type { LocalCloud } from "../../local/cloud.ts";

/** The endpoint that snippets take for granted, with two deployments of the first version. */
export const DEPLOY = `- task: AzureMLDeployEndpoint@1
  inputs:
    azureSubscription: azure-ml
    endpointFile: azureml/endpoint.yml
    deploymentFile: azureml/deployment.yml
    model: breast-cancer:$(model.version)
    requestFile: requests/two-samples.json
- task: AzureMLDeployEndpoint@1
  inputs:
    azureSubscription: azure-ml
    deploymentFile: azureml/deployment.yml
    deploymentName: model-3
    model: breast-cancer:$(model.version)
    requestFile: requests/two-samples.json
`;

/** Makes what the snippets take for granted: data, a job that was judged, a version of a model, an endpoint. */
export const PREPARE = `trigger: none
steps:
- task: AzureMLRegisterData@1
  name: data
  inputs: {azureSubscription: azure-ml, dataFile: azureml/data.yml}
- task: AzureMLSubmitJob@1
  name: train
  inputs: {azureSubscription: azure-ml, jobFile: azureml/job.yml, overrides: "inputs: {data: {path: 'azureml:$(data.name):$(data.version)'}}"}
- task: AzureMLEvaluateMetrics@1
  inputs: {azureSubscription: azure-ml, jobName: $(train.jobName), rules: metrics.auc >= 0.5}
- task: AzureMLRegisterModel@1
  name: model
  inputs: {azureSubscription: azure-ml, name: breast-cancer, jobName: $(train.jobName), outputName: model}
${DEPLOY}- bash: |
    echo "##vso[task.setvariable variable=ready.train.jobName]$(train.jobName)"
    echo "##vso[task.setvariable variable=ready.jobName]$(train.jobName)"
    echo "##vso[task.setvariable variable=ready.data.version]$(data.version)"
    echo "##vso[task.setvariable variable=ready.model.version]$(model.version)"
    echo "##vso[task.setvariable variable=ready.modelVersion]$(model.version)"
`;

/** People called both deployments in the last hour. */
export function calledForAnHour({ azure }: LocalCloud): void {
  const hour = 60 * 60_000;
  const minutes = { endpoint: "breast-cancer", ago: hour, span: hour, requests: 20 };
  seedMinutes(
    azure,
    ["blue", "model-3"].map((deployment) => ({ ...minutes, deployment })),
  );
}
