// The relay in Azure: Function App, its storage and identity, what the identity may do, and the event subscription.
// Deployed twice: first with subscribe=false, then, once the code is published, with subscribe=true (Event Grid asks the
// running function before it makes a subscription). Steps: relay/README.md.
// Not verified against live Azure: this file was parsed and held against Azure's published types, but neither compiled by
// the Bicep compiler nor deployed.

targetScope = 'resourceGroup'

@description('Names the app, and with it everything else. Lower-case letters, digits and hyphens.')
@minLength(3)
@maxLength(20)
param name string = 'aml-relay'

@description('Region of the app. The event subscription goes to the region of the workspace.')
param location string = resourceGroup().location

@description('ARM id of the Azure Machine Learning workspace whose events are relayed.')
param workspaceId string

@description('Region of the workspace, where its system topic has to be.')
param workspaceLocation string = location

@description('The setting RELAY_ROUTES: JSON, as relay/README.md has it.')
param routes string

@description('Value of the app setting RELAY_WEBHOOK_SECRET: the secret of the incoming webhook connection. Empty when no route is a webhook.')
@secure()
param webhookSecret string = ''

@description('How often the replay looks for what no event told of: NCRONTAB, with seconds.')
param replaySchedule string = '0 */5 * * * *'

@description('Make the event subscription. The code has to be published before.')
param subscribe bool = false

@description('Name of the system topic that the workspace has already: Azure allows one for each source. Empty: one is made.')
param existingSystemTopic string = ''

@description('Events to deliver. Add the two run events only if a route asks for them.')
param eventTypes string[] = [
  'Microsoft.MachineLearningServices.ModelRegistered'
]

@description('The form in which events are delivered. The relay takes both.')
@allowed([
  'EventGridSchema'
  'CloudEventSchemaV1_0'
])
param eventSchema string = 'EventGridSchema'

@description('Addresses (CIDR) that may call the app beside Event Grid, and publish its code: where the administrators sit.')
param callers string[] = []

@description('Tenant whose token Event Grid brings with each delivery. Empty, as the next one: deliveries are known by the key alone.')
param entraTenantId string = ''

@description('Application (client) id that stands for the relay in Microsoft Entra; relay/README.md says how it is made.')
param entraApplicationId string = ''

// Built-in roles.
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

// Event Grid itself, the same in every tenant.
var eventGridApplication = '4962773b-9cdb-44cf-a8bf-237846a00ab7'

var eventGrid = {
  name: 'event-grid'
  priority: 100
  action: 'Allow'
  ipAddress: 'AzureEventGrid'
  tag: 'ServiceTag'
}
var administrators = [
  for (address, index) in callers: {
    name: 'administrator-${index}'
    priority: 200 + index
    action: 'Allow'
    ipAddress: address
  }
]

var secretName = 'relay-webhook-secret'
var webhookSecretReference = empty(webhookSecret) ? '' : '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${secretName})'

var suffix = uniqueString(resourceGroup().id, name)
var relayContainer = 'relay'
var packageContainer = 'package'
var deadLetterContainer = 'event-grid-dead-letters'
var workspaceParts = split(workspaceId, '/')

// A user-assigned identity has the name by which it is added to Azure DevOps, and outlives the app.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${name}'
  location: location
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: take('relay${suffix}', 24)
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: storage
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for container in [relayContainer, packageContainer, deadLetterContainer]: {
    parent: blobs
    name: container
  }
]

// Marks of events that were handled are of use as long as Event Grid may repeat them (a day); claims, cursors and dead
// letters stay: they are what "once" is kept by.
resource cleaning 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  parent: storage
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'marks-of-events'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${relayContainer}/events/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: 30
                }
              }
            }
          }
        }
      ]
    }
  }
}

// The webhook's secret: whoever may read the app's settings reads where it is, and not what it is.
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-${suffix}'
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(webhookSecret)) {
  parent: vault
  name: secretName
  properties: {
    value: webhookSecret
  }
}

resource readsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, identity.id, keyVaultSecretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-${name}-${suffix}'
  location: location
  properties: {
    retentionInDays: 30
    sku: {
      name: 'PerGB2018'
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${name}'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
    DisableLocalAuth: true
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${name}'
  location: location
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: '${name}-${suffix}'
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'node'
        version: '22'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      ipSecurityRestrictionsDefaultAction: 'Deny'
      ipSecurityRestrictions: concat([eventGrid], administrators)
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: 'Deny'
      scmIpSecurityRestrictions: administrators
      appSettings: [
        { name: 'AzureWebJobsStorage__accountName', value: storage.name }
        { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
        { name: 'AzureWebJobsStorage__clientId', value: identity.properties.clientId }
        { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insights.properties.ConnectionString }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'ClientId=${identity.properties.clientId};Authorization=AAD'
        }
        { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
        { name: 'RELAY_CONTAINER', value: '${storage.properties.primaryEndpoints.blob}${relayContainer}' }
        { name: 'RELAY_ROUTES', value: routes }
        { name: 'RELAY_REPLAY_SCHEDULE', value: replaySchedule }
        { name: 'RELAY_WEBHOOK_SECRET', value: webhookSecretReference }
      ]
    }
  }
  dependsOn: [
    containers
    ownsBlobs
    secret
    readsSecrets
  ]
}

// Code is published with a token of Entra, never with a password.
resource noPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource noPasswordsByFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

// The platform looks at the token before the app is called. The administrator's function has a key of its own.
resource authentication 'Microsoft.Web/sites/config@2024-04-01' = if (!empty(entraApplicationId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api/replay']
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entraApplicationId
          openIdIssuer: '${environment().authentication.loginEndpoint}${entraTenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [entraApplicationId, 'api://${entraApplicationId}']
          defaultAuthorizationPolicy: {
            allowedApplications: [eventGridApplication]
          }
        }
      }
    }
  }
}

resource ownsBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, identity.id, storageBlobDataOwner)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataOwner)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource publishesMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, identity.id, monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

module workspaceReader 'workspace-reader.bicep' = {
  name: 'workspace-reader-${suffix}'
  scope: resourceGroup(workspaceParts[2], workspaceParts[4])
  params: {
    workspaceName: last(workspaceParts)
    principalId: identity.properties.principalId
  }
}

module events 'events.bicep' = if (subscribe) {
  name: 'events-${suffix}'
  params: {
    topicName: empty(existingSystemTopic) ? 'evgt-${name}-${suffix}' : existingSystemTopic
    createTopic: empty(existingSystemTopic)
    location: workspaceLocation
    workspaceId: workspaceId
    appName: app.name
    storageName: storage.name
    deadLetterContainer: deadLetterContainer
    eventTypes: eventTypes
    eventSchema: eventSchema
    entraTenantId: entraTenantId
    entraApplicationId: entraApplicationId
  }
}

@description('Add this name to the Azure DevOps organization: Organization settings, Users, Add users.')
output identityName string = identity.name

@description('The object id of the identity in Microsoft Entra, in case its name is not found.')
output identityPrincipalId string = identity.properties.principalId

@description('Publish the code to this app.')
output appName string = app.name
