"""How local-aws and moto differ, as far as the tests tell: which test, what moto does, and what AWS's documentation says.

A test that is listed here has to fail against the side that differs, and to pass against the other; one that is not
listed has to pass against both. `test_differences.py` checks that each quotation stands in botocore's model, and that
`differences.md` is this table. `python differences.py` writes it.
"""

import dataclasses
import pathlib

PAGE = pathlib.Path(__file__).with_name("differences.md")


@dataclasses.dataclass(frozen=True)
class Difference:
    """One test that passes against one side only."""

    test: str
    # What the side does that differs.
    what: str
    # Where botocore's model says what is right: `service:Operation` or `service:Shape`, `.member` after it.
    where: str
    # The words there. Empty where no words are: then `where` says what else speaks, and for whom.
    says: str
    # The side that does not do it.
    differs: str = "moto"


DIFFERENCES = [
    Difference(
        "test_auto_scaling.py::test_a_group_that_is_there_is_not_created_again",
        "CreateAutoScalingGroup replaces the group",
        "autoscaling:AlreadyExistsFault",
        "You already have an Auto Scaling group or launch configuration with this name.",
    ),
    Difference(
        "test_auto_scaling.py::test_the_desired_capacity_stays_between_the_groups_sizes",
        "SetDesiredCapacity goes above MaxSize",
        "autoscaling:CreateAutoScalingGroup.input.DesiredCapacity",
        "This number must be greater than or equal to the minimum size of the group and less than or equal to the maximum size of the group.",
    ),
    Difference(
        "test_auto_scaling.py::test_calls_for_a_group_that_is_not_there_are_refused",
        "Calls for an unknown group end in status 500 with an HTML page",
        "autoscaling:SetDesiredCapacity.input.AutoScalingGroupName",
        "The name of the Auto Scaling group.",
    ),
    Difference(
        "test_auto_scaling.py::test_an_instance_that_is_not_there_cannot_be_protected",
        "SetInstanceProtection passes over instances that are not the group's",
        "autoscaling:SetInstanceProtection",
        "Updates the instance protection settings of the specified instances.",
    ),
    Difference(
        "test_auto_scaling.py::test_an_unknown_instance_cannot_be_terminated",
        "TerminateInstanceInAutoScalingGroup of an unknown instance ends in status 500 with an HTML page",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "Terminates the specified instance and optionally adjusts the desired group size.",
    ),
    Difference(
        "test_auto_scaling.py::test_a_group_with_instances_is_in_use_and_is_deleted_by_force",
        "DeleteAutoScalingGroup deletes a group with instances without being forced",
        "autoscaling:DeleteAutoScalingGroup",
        "If the group has instances or scaling activities in progress, you must specify the option to force the deletion in order for it to succeed.",
    ),
    Difference(
        "test_auto_scaling.py::test_what_a_group_did_is_told_by_its_activities",
        "DescribeScalingActivities knows of no activity",
        "autoscaling:DescribeScalingActivities",
        "When scaling events occur, you see a record of the scaling activity in the scaling activities.",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_standby_does_not_go_below_the_groups_least_size",
        "EnterStandby lowers the capacity below MinSize",
        "autoscaling:EnterStandby",
        "the instances can enter standby as long as the desired capacity of the Auto Scaling group after the instances are placed into standby is equal to or greater than the minimum capacity of the group",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_only_an_instance_in_standby_can_leave_it",
        "ExitStandby takes an instance that is in service",
        "autoscaling:ExitStandby",
        "Moves the specified instances out of the standby state.",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_an_instance_that_is_said_to_be_unhealthy_is_replaced",
        "SetInstanceHealth replaces no instance",
        "autoscaling:SetInstanceHealth.input.HealthStatus",
        "Amazon EC2 Auto Scaling terminates and replaces the unhealthy instance.",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_the_health_of_nothing_and_a_health_that_is_none_are_refused",
        "SetInstanceHealth takes any word, and of an unknown instance ends in status 500 with an HTML page",
        "autoscaling:SetInstanceHealth.input.HealthStatus",
        "Set to Healthy to have the instance remain in service. Set to Unhealthy to have the instance be out of service.",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_a_suspended_process_says_why",
        "SuspensionReason is empty",
        "autoscaling:SuspendedProcess.SuspensionReason",
        "The reason that the process was suspended.",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_a_process_that_there_is_not_cannot_be_suspended",
        "SuspendProcesses takes any word",
        "autoscaling:SuspendProcesses.input.ScalingProcesses",
        "One or more of the following processes:",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_a_group_launches_nothing_while_that_is_suspended",
        "A group launches instances while Launch is suspended",
        "autoscaling:SuspendProcesses",
        "Suspends the specified auto scaling processes, or all processes, for the specified Auto Scaling group.",
    ),
    Difference(
        "test_auto_scaling_by_hand.py::test_tags_of_a_group_that_is_not_there_are_refused",
        "CreateOrUpdateTags of an unknown group ends in status 500 with an HTML page",
        "autoscaling:Tag.ResourceId",
        "The name of the Auto Scaling group.",
    ),
    Difference(
        "test_cli_auto_scaling.py::test_the_cli_reads_what_a_group_did",
        "DescribeScalingActivities knows of no activity",
        "autoscaling:DescribeScalingActivities",
        "When scaling events occur, you see a record of the scaling activity in the scaling activities.",
    ),
    Difference(
        "test_cli_cloud_map.py::test_the_cli_keeps_an_http_namespace",
        "UpdateHttpNamespace answers without an operation",
        "servicediscovery:UpdateHttpNamespace.output.OperationId",
        "A value that you can use to determine whether the request completed successfully.",
    ),
    Difference(
        "test_cli_ecs.py::test_the_cli_puts_attributes_on_a_host",
        "ListAttributes by a name alone finds only attributes without a value",
        "ecs:ListAttributes",
        "You can filter the list of results to a single attribute name to only return results that have that name.",
    ),
    Difference(
        "test_cloud_map.py::test_a_second_namespace_of_a_name_is_refused",
        "The refusal is ConflictingDomainExists, which the operation does not have",
        "servicediscovery:NamespaceAlreadyExists",
        "The namespace that you're trying to create already exists.",
    ),
    Difference(
        "test_cloud_map.py::test_a_namespace_that_is_not_there_is_not_found",
        "CreateService makes a service in a namespace that does not exist",
        "servicediscovery:NamespaceNotFound",
        "No namespace exists with the specified ID.",
    ),
    Difference(
        "test_cloud_map.py::test_namespaces_are_listed_by_name_and_type_and_page",
        "ListNamespaces ignores its filters",
        "servicediscovery:ListNamespaces.input.Filters",
        "If you specify more than one filter, a namespace must match all filters to be returned by ListNamespaces.",
    ),
    Difference(
        "test_cloud_map.py::test_a_namespace_with_services_is_in_use_and_an_empty_one_is_deleted",
        "DeleteNamespace deletes a namespace that has services",
        "servicediscovery:DeleteNamespace",
        "If the namespace still contains one or more services, the request fails.",
    ),
    Difference(
        "test_cloud_map.py::test_a_service_that_is_there_is_named_by_the_refusal",
        "CreateService makes a second service whose name differs only in case",
        "servicediscovery:CreateService.input.Name",
        "you can't create multiple services with names that differ only by case (such as EXAMPLE and example)",
    ),
    Difference(
        "test_cloud_map.py::test_services_are_listed_by_namespace_and_page",
        "ListServices ignores its filters",
        "servicediscovery:ListServices.input.Filters",
        "A complex type that contains specifications for the namespaces that you want to list services for.",
    ),
    Difference(
        "test_cloud_map.py::test_a_service_with_instances_is_in_use",
        "DeleteService deletes a service that has instances",
        "servicediscovery:DeleteService",
        "If the service still contains one or more registered instances, the request fails.",
    ),
    Difference(
        "test_cloud_map.py::test_an_instance_that_is_registered_again_has_only_its_new_attributes",
        "RegisterInstance with an id that is there adds a second instance of that id",
        "servicediscovery:RegisterInstance.input.InstanceId",
        "If you specify an existing InstanceId and ServiceId, Cloud Map updates the existing DNS records, if any.",
    ),
    Difference(
        "test_cloud_map.py::test_an_instance_of_a_service_with_a_records_needs_an_address",
        "RegisterInstance takes an instance without the address that the service's A record needs",
        "servicediscovery:RegisterInstance.input.Attributes",
        "This value is required if the service specified by ServiceId includes settings for an A record.",
    ),
    Difference(
        "test_cloud_map.py::test_no_more_than_thirty_custom_attributes_are_taken",
        "RegisterInstance takes any number of custom attributes",
        "servicediscovery:RegisterInstance.input.Attributes",
        "You can add up to 30 custom attributes.",
    ),
    Difference(
        "test_cloud_map.py::test_an_address_has_to_be_one",
        "RegisterInstance takes 10.0.0.256 as an address",
        "servicediscovery:RegisterInstance.input.Attributes",
        "the IPv4 address that you want Route 53 to return in response to DNS queries (for example, 192.0.2.44)",
    ),
    Difference(
        "test_cloud_map.py::test_the_revision_grows_with_each_registration_and_deregistration",
        "The revision does not grow when an instance is registered",
        "servicediscovery:DiscoverInstancesRevision.output.InstancesRevision",
        "If a new instance is registered or deregistered, the InstancesRevision updates.",
    ),
    Difference(
        "test_cloud_map.py::test_a_service_without_custom_health_has_none_to_update",
        "UpdateInstanceCustomHealthStatus takes a status for a service without custom health checks",
        "servicediscovery:CustomHealthNotFound",
        "The health check for the instance that's specified by ServiceId and InstanceId isn't a custom health check.",
    ),
    Difference(
        "test_cloud_map.py::test_operations_are_listed_by_service_and_status_and_page",
        "ListOperations ignores its filters",
        "servicediscovery:ListOperations.input.Filters",
        "If you specify more than one filter, an operation must match all filters to be returned by ListOperations.",
    ),
    Difference(
        "test_cloud_map.py::test_the_tags_of_nothing_are_not_found",
        "ListTagsForResource of something unknown answers without tags",
        "servicediscovery:ResourceNotFoundException",
        "The operation can't be completed because the resource was not found.",
    ),
    Difference(
        "test_cloud_map_kinds.py::test_the_description_of_an_http_namespace_is_updated",
        "UpdateHttpNamespace answers without an operation",
        "servicediscovery:UpdateHttpNamespace.output.OperationId",
        "A value that you can use to determine whether the request completed successfully.",
    ),
    Difference(
        "test_cloud_map_kinds.py::test_a_service_says_whether_the_dns_knows_it",
        "A service has no Type",
        "servicediscovery:Service.Type",
        "Describes the systems that can be used to discover the service instances.",
    ),
    Difference(
        "test_cloud_map_kinds.py::test_a_service_in_an_http_namespace_has_no_records",
        "CreateService takes DNS records in an HTTP namespace",
        "servicediscovery:CreateHttpNamespace",
        "Service instances registered using an HTTP namespace can be discovered using a DiscoverInstances request but can't be discovered using DNS.",
    ),
    Difference(
        "test_cloud_map_kinds.py::test_namespaces_of_a_kind_are_found_by_it",
        "ListNamespaces ignores its filters",
        "servicediscovery:NamespaceFilter.Name",
        "TYPE: Gets the namespaces of the specified type.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_cluster_with_a_bad_name_is_refused",
        "CreateCluster takes any name",
        "ecs:CreateCluster.input.clusterName",
        "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens are allowed.",
    ),
    Difference(
        "test_ecs_clusters.py::test_clusters_are_listed_page_by_page",
        "ListClusters ignores maxResults",
        "ecs:ListClusters.input.maxResults",
        "ListClusters only returns maxResults results in a single page along with a nextToken response element.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_deleted_cluster_is_inactive",
        "ListClusters still lists a deleted cluster. (The documentation allows it for a while and tells not to rely on it.)",
        "ecs:DeleteCluster",
        "We don't recommend that you rely on INACTIVE clusters persisting.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_capacity_provider_drains_its_hosts_unless_told_otherwise",
        "A capacity provider has no managedDraining",
        "ecs:AutoScalingGroupProvider.managedDraining",
        "When you enable this, Amazon ECS manages and gracefully drains the EC2 container instances that are in the Auto Scaling group capacity provider.",
    ),
    Difference(
        "test_ecs_clusters.py::test_fargate_is_always_a_capacity_provider",
        "FARGATE and FARGATE_SPOT are not there",
        "ecs:PutClusterCapacityProviders.input.capacityProviders",
        "The Fargate capacity providers are available to all accounts and only need to be associated with a cluster to be used.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_capacity_provider_can_be_deleted_when_no_cluster_uses_it",
        "DeleteCapacityProvider deletes one that a cluster uses",
        "ecs:DeleteCapacityProvider",
        "Only capacity providers that aren't associated with a cluster can be deleted.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_task_definition_with_two_containers_of_one_name_or_none_is_refused",
        "RegisterTaskDefinition takes a definition without containers",
        "ecs:RegisterTaskDefinition.input.containerDefinitions",
        "A list of container definitions in JSON format that describe the different containers that make up your task.",
    ),
    Difference(
        "test_ecs_clusters.py::test_task_definitions_are_listed_by_family_status_and_page",
        "ListTaskDefinitions ignores sort",
        "ecs:ListTaskDefinitions.input.sort",
        "Setting this parameter to DESC reverses the sort order on family name and revision.",
    ),
    Difference(
        "test_ecs_clusters.py::test_task_definition_families_are_listed_by_prefix_and_status",
        "ListTaskDefinitionFamilies ignores status",
        "ecs:ListTaskDefinitionFamilies.input.status",
        "If this parameter is set to ACTIVE, only task definition families that have an ACTIVE task definition revision are returned.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_deregistered_task_definition_is_inactive_and_starts_no_new_tasks",
        "ListTaskDefinitions ignores status",
        "ecs:ListTaskDefinitions.input.status",
        "By default, only ACTIVE task definitions are listed.",
    ),
    Difference(
        "test_ecs_clusters.py::test_a_task_definition_tells_when_it_was_registered_and_deregistered",
        "A task definition has neither time",
        "ecs:TaskDefinition.registeredAt",
        "The Unix timestamp for the time when the task definition was registered.",
    ),
    Difference(
        "test_ecs_instances.py::test_a_host_is_registered_by_its_agent_and_deregistered_by_force",
        "A deregistered container instance is told as ACTIVE",
        "ecs:ContainerInstance.status",
        "The valid values are REGISTERING, REGISTRATION_FAILED, ACTIVE, INACTIVE, DEREGISTERING, or DRAINING.",
    ),
    Difference(
        "test_ecs_instances.py::test_container_instances_are_listed_by_status_and_page",
        "ListContainerInstances ignores maxResults",
        "ecs:ListContainerInstances.input.maxResults",
        "ListContainerInstances only returns maxResults results in a single page along with a nextToken response element.",
    ),
    Difference(
        "test_ecs_instances.py::test_no_more_than_ten_container_instances_change_at_once",
        "UpdateContainerInstancesState takes eleven",
        "ecs:UpdateContainerInstancesState.input.containerInstances",
        "A list of up to 10 container instance IDs or full ARN entries.",
    ),
    Difference(
        "test_ecs_instances.py::test_attributes_are_put_listed_and_deleted",
        "PutAttributes does not take an ARN as a target",
        "ecs:Attribute.targetId",
        "You can specify the short form ID for a resource or the full Amazon Resource Name (ARN).",
    ),
    Difference(
        "test_ecs_instances.py::test_a_started_task_has_the_launch_type_of_hosts",
        "A started task has an empty launchType",
        "ecs:Task.launchType",
        "The infrastructure where your task runs on.",
    ),
    Difference(
        "test_ecs_instances.py::test_a_host_without_room_is_a_failure_beside_the_tasks_of_the_others",
        "StartTask starts a task on a host without room for it",
        "ecs:StartTask.output.failures",
        "Any failures associated with the call.",
    ),
    Difference(
        "test_ecs_instances.py::test_a_task_is_started_on_one_to_ten_hosts",
        "StartTask takes eleven container instances",
        "ecs:StartTask.input.containerInstances",
        "You can specify up to 10 container instances.",
    ),
    Difference(
        "test_ecs_instances.py::test_a_host_that_is_not_there_is_missing_for_a_task_to_start",
        "StartTask on an unknown container instance ends in status 500 with an HTML page",
        "ecs:StartTask.output.failures",
        "Any failures associated with the call.",
    ),
    Difference(
        "test_ecs_instances.py::test_attributes_are_put_and_deleted_by_the_id_of_a_host",
        "DeleteAttributes deletes only where it is given the value too",
        "ecs:DeleteAttributes.input.attributes",
        "For custom attributes, specify the attribute name and target ID, but don't specify the value.",
    ),
    Difference(
        "test_ecs_services.py::test_a_service_is_created_and_described",
        "A service has no createdAt",
        "ecs:Service.createdAt",
        "The Unix timestamp for the time when the service was created.",
    ),
    Difference(
        "test_ecs_services.py::test_a_service_that_is_there_is_not_created_again",
        "CreateService replaces the service",
        "ecs:DeleteService",
        "If you attempt to create a new service with the same name as an existing service in either ACTIVE or DRAINING status, you receive an error.",
    ),
    Difference(
        "test_ecs_services.py::test_a_service_with_tasks_is_deleted_only_at_zero_or_by_force",
        "A deleted service is told as ACTIVE",
        "ecs:DeleteService",
        "When you delete a service, if there are still running tasks that require cleanup, the service status moves from ACTIVE to DRAINING",
    ),
    Difference(
        "test_ecs_services.py::test_a_cluster_with_a_service_cannot_be_deleted",
        "DeleteCluster deletes a cluster that has services",
        "ecs:ClusterContainsServicesException",
        "You can't delete a cluster that contains services.",
    ),
    Difference(
        "test_ecs_services.py::test_services_are_listed_page_by_page",
        "ListServices ignores maxResults",
        "ecs:ListServices.input.maxResults",
        "ListServices only returns maxResults results in a single page along with a nextToken response element.",
    ),
    Difference(
        "test_ecs_tasks.py::test_the_id_of_a_task_is_thirty_two_hexadecimal_digits",
        "A task's id is a UUID with hyphens",
        "the model's example of RunTask has a UUID beside the old form of ARN, the developer guide's ARNs of the new form 32 digits",
        "",
    ),
    Difference(
        "test_ecs_tasks.py::test_the_containers_of_a_running_task_run",
        "The containers of a task that is RUNNING stay PENDING",
        "ecs:Container.lastStatus",
        "The last known status of the container.",
    ),
    Difference(
        "test_ecs_tasks.py::test_overrides_of_a_container_that_is_not_there_are_refused",
        "RunTask takes overrides of a container that the definition does not have",
        "ecs:ContainerOverride.name",
        "The name of the container that receives the override.",
    ),
    Difference(
        "test_ecs_tasks.py::test_run_task_is_refused_what_is_not_there",
        "RunTask with an unknown definition is refused in the words of DescribeTaskDefinition",
        "the words of errors are not documented",
        "",
    ),
    Difference(
        "test_ecs_tasks.py::test_up_to_ten_tasks_are_run_by_one_call",
        "RunTask takes a count of eleven",
        "ecs:RunTask.input.count",
        "You can specify up to 10 tasks for each call.",
    ),
    Difference(
        "test_ecs_tasks.py::test_the_same_client_token_is_the_same_task_and_with_another_request_a_conflict",
        "RunTask ignores clientToken",
        "ecs:RunTask.input.clientToken",
        "An identifier that you provide to ensure the idempotency of the request.",
    ),
    Difference(
        "test_ecs_tasks.py::test_tasks_are_found_by_family_by_who_started_them_and_by_launch_type",
        "ListTasks ignores launchType",
        "ecs:ListTasks.input.launchType",
        "The launch type to use when filtering the ListTasks results.",
    ),
    Difference(
        "test_ecs_tasks.py::test_started_by_has_to_be_the_only_filter",
        "ListTasks takes startedBy beside other filters",
        "ecs:ListTasks.input.startedBy",
        "When you specify startedBy as the filter, it must be the only filter that you use.",
    ),
    Difference(
        "test_ecs_tasks.py::test_tasks_are_listed_page_by_page",
        "ListTasks ignores maxResults",
        "ecs:ListTasks.input.maxResults",
        "ListTasks only returns maxResults results in a single page along with a nextToken response element.",
    ),
    Difference(
        "test_ecs_tasks.py::test_a_next_token_that_nobody_gave_is_refused",
        "ListTasks takes any nextToken",
        "ecs:ListTasks.input.nextToken",
        "The nextToken value returned from a ListTasks request indicating that more results are available",
    ),
    Difference(
        "test_ecs_tasks.py::test_a_stopped_task_is_listed_as_stopped_and_told_why",
        "ListTasks without a desiredStatus lists stopped tasks too",
        "ecs:ListTasks.input.desiredStatus",
        "The default status filter is RUNNING, which shows tasks that Amazon ECS has set the desired status to RUNNING.",
    ),
    Difference(
        "test_ecs_tasks.py::test_a_task_that_is_not_there_is_missing_or_an_error",
        "DescribeTasks passes over tasks that are not there",
        "ecs:DescribeTasks.output.failures",
        "Any failures associated with the call.",
    ),
    Difference(
        "test_ecs_tasks.py::test_no_more_than_a_hundred_tasks_are_described_and_no_fewer_than_one",
        "DescribeTasks takes any number of tasks",
        "ecs:DescribeTasks.input.tasks",
        "A list of up to 100 task IDs or full ARN entries.",
    ),
    Difference(
        "test_sqs.py::test_a_queue_has_the_attributes_that_aws_gives_by_default",
        "CreatedTimestamp has a fraction",
        "sqs:GetQueueAttributes.input.AttributeNames",
        "Returns the time when the queue was created in seconds (epoch time).",
    ),
    Difference(
        "test_sqs.py::test_attributes_that_do_not_exist_or_are_out_of_range_are_refused",
        "SetQueueAttributes takes attributes that do not exist",
        "sqs:InvalidAttributeName",
        "The specified attribute doesn't exist.",
    ),
    Difference(
        "test_sqs.py::test_what_the_queue_does_not_take_is_refused",
        "SendMessage takes an empty body",
        "sqs:SendMessage.input.MessageBody",
        "The minimum size is one character.",
    ),
    Difference(
        "test_sqs_fifo.py::test_the_name_and_the_kind_of_a_queue_go_together",
        "CreateQueue takes a name that ends with .fifo for a queue that is none",
        "sqs:CreateQueue.input.Attributes",
        "If you don't specify the FifoQueue attribute, Amazon SQS creates a standard queue.",
    ),
    Difference(
        "test_sqs_fifo.py::test_each_message_has_a_higher_number_than_the_one_before",
        "SendMessage answers without SequenceNumber where ContentBasedDeduplication is on",
        "sqs:SendMessage.output.SequenceNumber",
        "The large, non-consecutive number that Amazon SQS assigns to each message.",
    ),
    Difference(
        "test_sqs_fifo.py::test_deduplication_within_groups_lets_another_group_send_the_same",
        "DeduplicationScope messageGroup deduplicates across the queue",
        "sqs:CreateQueue.input.Attributes",
        "DeduplicationScope – Specifies whether message deduplication occurs at the message group or queue level.",
    ),
    Difference(
        "test_sqs_fifo.py::test_a_receive_that_is_tried_again_is_given_the_same_messages",
        "ReceiveMessage ignores ReceiveRequestAttemptId",
        "sqs:ReceiveMessage.input.ReceiveRequestAttemptId",
        "During a visibility timeout, subsequent calls with the same ReceiveRequestAttemptId return the same messages and receipt handles.",
    ),
]


def page():
    """The table as Markdown."""
    lines = [
        "<!-- Written by differences.py, checked by test_differences.py. -->",
        "",
        "| test | what differs | AWS's documentation | it takes the side of |",
        "| --- | --- | --- | --- |",
    ]
    for difference in DIFFERENCES:
        test = difference.test.split("::test_")[1].replace("_", " ")
        side = {"moto": "local-aws", "local-aws": "moto"}[difference.differs]
        said = f"“{difference.says}” ({difference.where})" if difference.says else difference.where
        lines.append(f"| {test} | {difference.differs}: {difference.what} | {said} | {side if difference.says else 'neither'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
