"""The DNS of Cloud Map's namespaces, asked by dnspython: the zones' own server, and the caching resolver of a VPC."""

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

import waiting
from cloud_map_things import deregister, make_namespace, make_service, register

pytestmark = pytest.mark.only_local_aws("moto has no DNS")


def ask(at, name, kind="A", over=dns.query.udp, **message):
    query = dns.message.make_query(name, kind, **message)
    answer = over(query, at[0], port=at[1], timeout=5)
    assert answer.id == query.id and answer.flags & dns.flags.QR
    return answer


def values(answer, kind="A"):
    kind = dns.rdatatype.from_text(kind)
    return sorted(str(value) for rrset in answer.answer if rrset.rdtype == kind for value in rrset)


def test_a_registered_instance_is_an_a_record_with_the_services_ttl(cloud_map, server, name):
    service = make_service(cloud_map, make_namespace(cloud_map, name))
    register(cloud_map, service, "one", AWS_INSTANCE_IPV4="10.0.0.7")
    question = f"app.service.{name}.test."
    answer = waiting.until("the record", lambda: (a := ask(server.dns, question)).answer and a)
    assert values(answer) == ["10.0.0.7"] and answer.answer[0].ttl == 1
    assert values(ask(server.dns, question, over=dns.query.tcp)) == ["10.0.0.7"]
    assert values(ask(server.dns, question.upper(), use_edns=0, payload=1232)) == ["10.0.0.7"]


def test_no_instance_is_a_name_that_does_not_exist_and_no_record_of_a_kind_an_empty_answer(cloud_map, server, name):
    service = make_service(cloud_map, make_namespace(cloud_map, name, ttl=3))
    absent = ask(server.dns, f"app.service.{name}.test.")
    assert absent.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.rdtype for rrset in absent.authority] == [dns.rdatatype.SOA]
    assert absent.authority[0][0].minimum == 3
    register(cloud_map, service, "one")
    waiting.until("the record", lambda: ask(server.dns, f"app.service.{name}.test.").answer)
    empty = ask(server.dns, f"app.service.{name}.test.", "AAAA")
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])
    assert [rrset.rdtype for rrset in empty.authority] == [dns.rdatatype.SOA]


def test_an_answer_has_eight_of_many_instances_and_not_always_the_same(cloud_map, server, name):
    service = make_service(cloud_map, make_namespace(cloud_map, name))
    addresses = sorted(f"10.0.1.{number}" for number in range(12))
    for address in addresses:
        register(cloud_map, service, f"i-{address}", AWS_INSTANCE_IPV4=address)
    question, seen, answers = f"app.service.{name}.test.", set(), set()

    def all_seen():
        answer = ask(server.dns, question)
        assert len(values(answer)) <= 8
        answers.add(tuple(str(value) for rrset in answer.answer for value in rrset))
        seen.update(values(answer))
        return sorted(seen) == addresses

    waiting.until("every address to be told", all_seen)
    assert len(answers) > 1


def test_an_ipv6_address_is_an_aaaa_record_and_a_port_an_srv_record(cloud_map, server, name):
    namespace = make_namespace(cloud_map, name)
    six = make_service(cloud_map, namespace, name="six", records=("A", "AAAA"))
    register(cloud_map, six, "one", AWS_INSTANCE_IPV6="2001:db8::1")
    srv = make_service(cloud_map, namespace, name="srv", records=("SRV",))
    register(cloud_map, srv, "two", AWS_INSTANCE_IPV4="10.0.0.9", AWS_INSTANCE_PORT="8080")
    answer = waiting.until("the record", lambda: (a := ask(server.dns, f"six.{name}.test.", "AAAA")).answer and a)
    assert values(answer, "AAAA") == ["2001:db8::1"]
    answer = waiting.until("the record", lambda: (a := ask(server.dns, f"srv.{name}.test.", "SRV")).answer and a)
    assert values(answer, "SRV") == [f"1 1 8080 two.srv.{name}.test."]
    assert values(ask(server.dns, f"two.srv.{name}.test.")) == ["10.0.0.9"]


def test_the_resolver_keeps_that_a_name_is_absent_for_the_soas_time(cloud_map, server, name):
    if server.resolver is None:
        pytest.skip("this local-aws has no resolver")
    service = make_service(cloud_map, make_namespace(cloud_map, name, ttl=2))
    question = f"app.service.{name}.test."
    assert ask(server.resolver, question).rcode() == dns.rcode.NXDOMAIN
    register(cloud_map, service, "one")
    waiting.until("the record at the zone", lambda: ask(server.dns, question).answer)
    assert ask(server.resolver, question).rcode() == dns.rcode.NXDOMAIN, "poisoned by the question before"
    assert waiting.until("the resolver to forget", lambda: values(ask(server.resolver, question))) == ["10.0.0.1"]
    deregister(cloud_map, service, "one")
    waiting.until("the resolver to notice", lambda: ask(server.resolver, question).rcode() == dns.rcode.NXDOMAIN)
