// The workspace's events, delivered to the function; what cannot be delivered for a day goes to the storage account.
targetScope = 'resourceGroup'

param topicName string

@description('False: the topic is there already, and has a system-assigned identity.')
param createTopic bool
param location string
param workspaceId string
param appName string
param storageName string
param deadLetterContainer string
param eventTypes string[]
param eventSchema string

// Empty: deliveries bring no token, and are known by the key alone.
param entraTenantId string
param entraApplicationId string

// Storage Blob Data Contributor, a built-in role.
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

// The key of this function alone: whoever delivers events cannot ask for a replay with it.
resource eventsFunction 'Microsoft.Web/sites/functions@2024-04-01' existing = {
  parent: app
  name: 'events'
}

resource storage 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
}

resource newTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (createTopic) {
  name: topicName
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: workspaceId
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource writesDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: storage
  name: guid(storage.id, topicName, storageBlobDataContributor)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
    principalId: reference(topic.id, '2025-02-15', 'full').identity.principalId
    principalType: 'ServicePrincipal'
  }
  dependsOn: [
    newTopic
  ]
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'relay'
  properties: {
    destination: {
      endpointType: 'WebHook'
      properties: {
        // Event Grid keeps the address as a secret: who reads the subscription sees it without its query.
        endpointUrl: 'https://${app.properties.defaultHostName}/api/events?code=${eventsFunction.listKeys().default}'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
        minimumTlsVersionAllowed: '1.2'
        azureActiveDirectoryTenantId: empty(entraApplicationId) ? null : entraTenantId
        azureActiveDirectoryApplicationIdOrUri: empty(entraApplicationId) ? null : entraApplicationId
      }
    }
    eventDeliverySchema: eventSchema
    filter: {
      includedEventTypes: eventTypes
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storage.id
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
  dependsOn: [
    newTopic
    writesDeadLetters
  ]
}
