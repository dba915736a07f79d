// Lets the relay's identity read the workspace's models: all that the replay and the filters by stage need.
targetScope = 'resourceGroup'

param workspaceName string
param principalId string

// Reader, a built-in role. AzureML Data Scientist (f6c7c914-8db3-469d-8ca1-694a8f32e121) would do, and may write as well.
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'

resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-04-01' existing = {
  name: workspaceName
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: workspace
  name: guid(workspace.id, principalId, reader)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
