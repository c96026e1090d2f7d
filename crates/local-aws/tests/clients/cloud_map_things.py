"""What tests of Cloud Map do again and again: namespaces, services and instances are made, and their operations awaited."""

import waiting


def done(cloud_map, operation_id):
    """Waits for an operation's success; what it was."""

    def look():
        operation = cloud_map.get_operation(OperationId=operation_id)["Operation"]
        assert operation["Status"] != "FAIL", operation
        return operation if operation["Status"] == "SUCCESS" else None

    return waiting.until(f"operation {operation_id}", look)


def make_namespace(cloud_map, name, ttl=1, **more):
    operation = cloud_map.create_private_dns_namespace(
        Name=f"{name}.test", Vpc=f"vpc-{name}", Properties={"DnsProperties": {"SOA": {"TTL": ttl}}}, **more
    )["OperationId"]
    return done(cloud_map, operation)["Targets"]["NAMESPACE"]


def make_service(cloud_map, namespace, name="app.service", records=("A",), **more):
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": kind, "TTL": 1} for kind in records]}
    return cloud_map.create_service(Name=name, NamespaceId=namespace, DnsConfig=dns, **more)["Service"]


def register(cloud_map, service, instance, **attributes):
    attributes = {"AWS_INSTANCE_IPV4": "10.0.0.1", **attributes}
    answer = cloud_map.register_instance(ServiceId=service["Id"], InstanceId=instance, Attributes=attributes)
    done(cloud_map, answer["OperationId"])
    return attributes


def deregister(cloud_map, service, instance):
    done(cloud_map, cloud_map.deregister_instance(ServiceId=service["Id"], InstanceId=instance)["OperationId"])


def listed(cloud_map, service):
    pages = cloud_map.get_paginator("list_instances").paginate(ServiceId=service["Id"])
    instances = [each for page in pages for each in page["Instances"]]
    assert len({each["Id"] for each in instances}) == len(instances)
    return {each["Id"]: each["Attributes"] for each in instances}


def discover(cloud_map, name, service="app.service", **more):
    return cloud_map.discover_instances(NamespaceName=f"{name}.test", ServiceName=service, **more)["Instances"]
