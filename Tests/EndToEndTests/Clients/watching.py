"""Watches that last: resumed after a lost connection, listed anew after 410, and the client's own informer."""

import http.client
import itertools
import json
import logging
import socket
import ssl
import threading
import urllib.parse

from kubernetes import client, watch
from kubernetes.informer import ADDED, DELETED, MODIFIED, SharedInformer

from checks import equal, eventually, refused, run

core = client.CoreV1Api()
# The informer tells of the connection that it breaks itself when it is stopped.
logging.getLogger("kubernetes.informer").setLevel(logging.CRITICAL)


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def starts_at_the_list(ns):
    core.create_namespaced_config_map(ns, config_map("before"))
    listed = core.list_namespaced_config_map(ns)
    core.create_namespaced_config_map(ns, config_map("after"))
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, ns, resource_version=listed.metadata.resource_version, timeout_seconds=60
    )
    equal([(e["type"], e["object"].metadata.name) for e in itertools.islice(stream, 1)], [("ADDED", "after")])


def resumes(ns):
    """Breaks the connection again and again under changes; every change is seen once and in order."""
    version = core.list_namespaced_config_map(ns).metadata.resource_version
    seen = []

    def change():
        core.create_namespaced_config_map(ns, config_map("counter", n="0"))
        for number in range(1, 40):
            core.patch_namespaced_config_map("counter", ns, {"data": {"n": str(number)}})

    writer = threading.Thread(target=change, daemon=True)
    writer.start()
    while len(seen) < 40:
        watching = watch.Watch()
        for event in watching.stream(core.list_namespaced_config_map, ns, resource_version=version, timeout_seconds=60):
            seen.append(event["object"].data["n"])
            version = event["object"].metadata.resource_version
            if len(seen) % 7 == 0 or len(seen) == 40:
                # As a network does it: the client had no say.
                watching._resp.connection.sock.shutdown(socket.SHUT_RDWR)
                break
    writer.join()
    equal(seen, [str(number) for number in range(40)])


def too_old(ns):
    error = refused(410, lambda: list(watch.Watch().stream(
        core.list_namespaced_config_map, ns, resource_version="1", timeout_seconds=5
    )))
    assert "too old resource version" in str(error), error
    equal(core.list_namespaced_config_map(ns, resource_version="0").kind, "ConfigMapList")


def bookmarks(ns):
    """A list as a watch: the initial events end with a bookmark that carries the annotation."""
    for index in range(3):
        core.create_namespaced_config_map(ns, config_map(f"c{index}"))
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, ns, send_initial_events=True, allow_watch_bookmarks=True,
        resource_version_match="NotOlderThan", timeout_seconds=60,
    )
    events = list(itertools.islice(stream, 4))
    equal([event["type"] for event in events], ["ADDED"] * 3 + ["BOOKMARK"])
    equal(events[3]["raw_object"]["metadata"]["annotations"], {"k8s.io/initial-events-end": "true"})


def informer(ns):
    seen = {ADDED: [], MODIFIED: [], DELETED: []}
    shared = SharedInformer(core.list_namespaced_config_map, namespace=ns)

    def note(kind):
        return lambda thing: seen[kind].append(
            thing["metadata"]["name"] if isinstance(thing, dict) else thing.metadata.name
        )

    for kind in seen:
        shared.add_event_handler(kind, note(kind))
    core.create_namespaced_config_map(ns, config_map("a"))
    shared.start()
    try:
        eventually("the list", lambda: "a" in seen[ADDED])
        core.create_namespaced_config_map(ns, config_map("b"))
        eventually("an addition", lambda: "b" in seen[ADDED])
        core.patch_namespaced_config_map("b", ns, {"data": {"x": "y"}})
        eventually("a change", lambda: "b" in seen[MODIFIED])
        core.delete_namespaced_config_map("a", ns)
        eventually("a deletion", lambda: "a" in seen[DELETED])
        eventually("the cache", lambda: len(shared.cache.list()) == 1)
    finally:
        shared.stop()


def informer_relists(ns):
    """An informer whose revision is compacted away lists anew and finds what it missed."""
    found = []
    shared = SharedInformer(core.list_namespaced_config_map, namespace=ns)
    shared.add_event_handler(ADDED, lambda thing: found.append(thing))
    shared._resource_version = "1"
    core.create_namespaced_config_map(ns, config_map("a"))
    shared.start()
    try:
        eventually("it is found", lambda: found)
    finally:
        shared.stop()


def raw_stream(ns):
    """Every event is one line, sent when it happens, over one connection."""
    configuration = client.Configuration.get_default_copy()
    address = urllib.parse.urlparse(configuration.host)
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    context.load_cert_chain(configuration.cert_file, configuration.key_file)
    connection = http.client.HTTPSConnection(address.hostname, address.port, context=context, timeout=60)
    connection.request("GET", f"/api/v1/namespaces/{ns}/configmaps?watch=1&timeoutSeconds=60")
    answer = connection.getresponse()
    equal((answer.status, answer.headers["content-type"]), (200, "application/json"))
    for name in ["a", "b"]:
        core.create_namespaced_config_map(ns, config_map(name))
        event = json.loads(answer.readline())
        equal((event["type"], event["object"]["metadata"]["name"]), ("ADDED", name))
    connection.close()


run(starts_at_the_list, resumes, too_old, bookmarks, informer, informer_relists, raw_stream)
