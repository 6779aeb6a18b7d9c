"""Owners and dependents in numbers, for a server that is killed in the middle of a cascade.

`make` makes them, `delete` deletes the owners in every way there is, `wait` waits until nothing is left.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from kubernetes import client

from checks import eventually, widget_definition

NAMESPACE = "collecting"
EMPTIED = "collecting-emptied"
OWNERS = 12
DEPENDENTS = 60
POLICIES = ["Background", "Foreground", "Background", "Foreground"]

core = client.CoreV1Api()
custom = client.CustomObjectsApi()
definitions = client.ApiextensionsV1Api()
where = ("clients.test", "v1")


def reference(owner):
    return {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "blockOwnerDeletion": True,
    }


def gear(namespace, name, **metadata):
    body = {"apiVersion": "clients.test/v1", "kind": "Gear", "metadata": {"name": name, **metadata}, "spec": {}}
    return custom.create_namespaced_custom_object(*where, namespace, "gears", body)


def config_map(namespace, name, **metadata):
    core.create_namespaced_config_map(namespace, {"metadata": {"name": name, **metadata}})


def make():
    """Gears own ConfigMaps; cluster-wide cranks own gears, so that cascades have two steps."""
    definitions.create_custom_resource_definition(widget_definition("gears"))
    definitions.create_custom_resource_definition(widget_definition("cranks", scope="Cluster"))
    for name in [NAMESPACE, EMPTIED]:
        core.create_namespace({"metadata": {"name": name}})
    crank = custom.create_cluster_custom_object(
        *where, "cranks", {"apiVersion": "clients.test/v1", "kind": "Crank", "metadata": {"name": "main"}, "spec": {}}
    )
    owners = [gear(NAMESPACE, f"gear-{n}", ownerReferences=[reference(crank)] if n % 4 > 1 else []) for n in range(OWNERS)]
    with ThreadPoolExecutor(16) as pool:
        for n, owner in enumerate(owners):
            for m in range(DEPENDENTS):
                pool.submit(config_map, NAMESPACE, f"c-{n}-{m}", ownerReferences=[reference(owner)])
        for n in range(OWNERS * DEPENDENTS // 2):
            pool.submit(config_map, EMPTIED, f"c-{n}")
    orphan = gear(NAMESPACE, "parent")
    config_map(NAMESPACE, "orphan", ownerReferences=[reference(orphan)])
    found = len(core.list_namespaced_config_map(NAMESPACE).items)
    assert found == OWNERS * DEPENDENTS + 1, found


def delete():
    core.delete_namespace(EMPTIED)
    custom.delete_namespaced_custom_object(*where, NAMESPACE, "gears", "parent", propagation_policy="Orphan")
    custom.delete_cluster_custom_object(*where, "cranks", "main", propagation_policy="Foreground")
    for n in range(OWNERS):
        if n % 4 < 2:
            custom.delete_namespaced_custom_object(
                *where, NAMESPACE, "gears", f"gear-{n}", propagation_policy=POLICIES[n % 4]
            )


def wait():
    def left():
        return [item.metadata.name for item in core.list_namespaced_config_map(NAMESPACE).items]

    eventually("only the orphan is left", lambda: left() == ["orphan"])
    assert not core.read_namespaced_config_map("orphan", NAMESPACE).metadata.owner_references
    eventually("no gear is left", lambda: not custom.list_namespaced_custom_object(*where, NAMESPACE, "gears")["items"])
    eventually("no crank is left", lambda: not custom.list_cluster_custom_object(*where, "cranks")["items"])

    def namespaces():
        return [item.metadata.name for item in core.list_namespace().items]

    eventually("the namespace is gone", lambda: EMPTIED not in namespaces())


def drop_definition():
    """Objects whose owners' kind goes away go, too."""
    owner = gear(NAMESPACE, "last")
    with ThreadPoolExecutor(16) as pool:
        for n in range(DEPENDENTS):
            pool.submit(config_map, NAMESPACE, f"last-{n}", ownerReferences=[reference(owner)])
    definitions.delete_custom_resource_definition("gears.clients.test")


def wait_for_definition():
    def names():
        return [item.metadata.name for item in definitions.list_custom_resource_definition().items]

    eventually("the definition is gone", lambda: "gears.clients.test" not in names())
    eventually("and what belonged to its objects", lambda: [
        item.metadata.name for item in core.list_namespaced_config_map(NAMESPACE).items
    ] == ["orphan"])


{
    "make": make, "delete": delete, "wait": wait, "drop-definition": drop_definition,
    "wait-for-definition": wait_for_definition,
}[sys.argv[1]]()
