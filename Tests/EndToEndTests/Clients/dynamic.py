"""The official client's dynamic half: discovery, server-side apply, watches over kinds found by name."""

import json
import threading

from kubernetes import client, dynamic
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, ResourceNotFoundError, UnprocessibleEntityError

from checks import equal, eventually, run, widget_definition

api = dynamic.DynamicClient(client.ApiClient())


def raises(wanted, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except wanted as error:
        return error
    raise AssertionError(f"{call}: no {wanted.__name__}")


def finds_kinds(ns):
    pods = api.resources.get(api_version="v1", kind="Pod")
    equal((pods.name, pods.namespaced, "log" in pods.subresources), ("pods", True, True))
    equal(api.resources.get(api_version="v1", singular_name="configmap").kind, "ConfigMap")
    equal({r.group for r in api.resources.search(kind="Event")}, {"", "events.k8s.io"})
    raises(ResourceNotFoundError, api.resources.get, api_version="nobody.test/v1", kind="Nothing")


def configures(ns):
    maps = api.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": ns}, "data": {"k": "v"}}
    equal(maps.create(body=body, namespace=ns).data.k, "v")
    raises(ConflictError, maps.create, body=body, namespace=ns)
    body["data"] = {"k": "w"}
    replaced = maps.replace(body=body, namespace=ns)
    equal(replaced.data.k, "w")
    change = {"metadata": {"name": "a"}, "data": {"x": "1"}}
    equal(maps.patch(body=change, namespace=ns, content_type="application/merge-patch+json").data.x, "1")
    equal(len(maps.get(namespace=ns, label_selector="", field_selector="metadata.name=a").items), 1)
    maps.delete(name="a", namespace=ns)
    raises(NotFoundError, maps.get, name="a", namespace=ns)


def applies(ns):
    maps = api.resources.get(api_version="v1", kind="ConfigMap")

    def body(value):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": value}}

    first = maps.server_side_apply(body=body("1"), name="a", namespace=ns, field_manager="one")
    equal(first.metadata.managedFields[0].operation, "Apply")
    error = raises(ConflictError, maps.server_side_apply, body=body("2"), name="a", namespace=ns, field_manager="two")
    equal([cause["field"] for cause in json.loads(error.body)["details"]["causes"]], [".data.k"])
    forced = maps.server_side_apply(
        body=body("2"), name="a", namespace=ns, field_manager="two", force_conflicts=True
    )
    equal(forced.data.k, "2")


def custom_kinds(ns):
    definitions = api.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    definition = widget_definition("sprockets")
    definitions.create(body=definition)
    try:
        api.resources.invalidate_cache()
        sprockets = api.resources.get(api_version="clients.test/v1", kind="Sprocket")
        seen = []

        def follow():
            for event in sprockets.watch(namespace=ns, timeout=60):
                seen.append((event["type"], event["object"].metadata.name, event["object"].spec.size))
                if event["type"] == "DELETED":
                    return

        watching = threading.Thread(target=follow, daemon=True)
        watching.start()
        body = {"apiVersion": "clients.test/v1", "kind": "Sprocket", "metadata": {"name": "s"}, "spec": {"size": 2}}
        sprockets.create(body=body, namespace=ns)
        eventually("the watch sees it", lambda: seen)
        equal(sprockets.status.patch(
            name="s", namespace=ns, body={"status": {"size": 2}}, content_type="application/merge-patch+json"
        ).status.size, 2)
        equal(sprockets.scale.get(name="s", namespace=ns).spec.replicas, 2)
        bad = dict(body, spec={"size": "many"})
        raises(UnprocessibleEntityError, sprockets.replace, namespace=ns, body=dict(
            bad, metadata={"name": "s", "resourceVersion": sprockets.get(name="s", namespace=ns).metadata.resourceVersion}
        ))
        sprockets.delete(name="s", namespace=ns)
        watching.join(timeout=60)
        equal([kind for kind, _, _ in seen], ["ADDED", "MODIFIED", "DELETED"])
    finally:
        definitions.delete(name="sprockets.clients.test")


run(finds_kinds, configures, applies, custom_kinds)
