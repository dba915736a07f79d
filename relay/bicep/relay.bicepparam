// Fill in the workspace, and write routes.json; the secret and the second deployment come from the environment.
using 'main.bicep'

param name = 'aml-relay'
param workspaceId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.MachineLearningServices/workspaces/ws1'
param workspaceLocation = 'eastus2'
param routes = loadTextContent('routes.json')
param webhookSecret = readEnvironmentVariable('RELAY_WEBHOOK_SECRET', '')
param callers = empty(readEnvironmentVariable('RELAY_CALLERS', '')) ? [] : split(readEnvironmentVariable('RELAY_CALLERS', ''), ',')
param entraTenantId = readEnvironmentVariable('RELAY_ENTRA_TENANT', '')
param entraApplicationId = readEnvironmentVariable('RELAY_ENTRA_APPLICATION', '')
param subscribe = bool(readEnvironmentVariable('RELAY_SUBSCRIBE', 'false'))
