"""The operations that local-aws has. A whole run has to call each, and have it answered."""

ALL = {
    f"{service}.{operation}"
    for service, operations in {
        "ecs": """
            CreateCluster DescribeClusters ListClusters UpdateCluster DeleteCluster PutClusterCapacityProviders
            CreateCapacityProvider DescribeCapacityProviders UpdateCapacityProvider DeleteCapacityProvider
            RegisterTaskDefinition DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies
            DeregisterTaskDefinition DeleteTaskDefinitions
            RunTask StopTask ListTasks DescribeTasks
            RegisterContainerInstance ListContainerInstances DescribeContainerInstances UpdateContainerInstancesState
            DeregisterContainerInstance PutAttributes ListAttributes DeleteAttributes
            CreateService UpdateService DescribeServices ListServices DeleteService
            GetTaskProtection UpdateTaskProtection
            TagResource UntagResource ListTagsForResource
        """,
        "servicediscovery": """
            CreatePrivateDnsNamespace GetNamespace UpdatePrivateDnsNamespace ListNamespaces DeleteNamespace
            CreateService GetService UpdateService ListServices DeleteService
            RegisterInstance DeregisterInstance GetInstance ListInstances
            GetInstancesHealthStatus UpdateInstanceCustomHealthStatus
            DiscoverInstances DiscoverInstancesRevision GetOperation ListOperations
            TagResource UntagResource ListTagsForResource
        """,
        "autoscaling": """
            CreateAutoScalingGroup UpdateAutoScalingGroup DescribeAutoScalingGroups DeleteAutoScalingGroup
            DescribeAutoScalingInstances DescribeScalingActivities SetDesiredCapacity SetInstanceProtection
            TerminateInstanceInAutoScalingGroup
            PutLifecycleHook DescribeLifecycleHooks DeleteLifecycleHook CompleteLifecycleAction
            RecordLifecycleActionHeartbeat
            PutWarmPool DescribeWarmPool DeleteWarmPool
        """,
        "sqs": """
            CreateQueue GetQueueUrl ListQueues DeleteQueue SetQueueAttributes GetQueueAttributes PurgeQueue
            SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch
            ChangeMessageVisibility ChangeMessageVisibilityBatch
            ListDeadLetterSourceQueues TagQueue UntagQueue ListQueueTags
        """,
    }.items()
    for operation in operations.split()
}
