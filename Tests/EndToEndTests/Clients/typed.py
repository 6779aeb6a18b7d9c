"""The official client's typed classes, one test for each API group."""

import datetime
import json

from kubernetes import client, utils

from checks import equal, eventually, refused, run, widget_definition

core = client.CoreV1Api()


def config_maps(ns):
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a", labels={"app": "x"}), data={"k": "v"})
    created = core.create_namespaced_config_map(ns, body, field_manager="typed")
    equal(created.metadata.managed_fields[0].manager, "typed")
    equal(refused(409, core.create_namespaced_config_map, ns, body).reason, "Conflict")
    equal(core.read_namespaced_config_map("a", ns).data, {"k": "v"})
    patched = core.patch_namespaced_config_map("a", ns, {"data": {"n": "1"}})
    equal(patched.data, {"k": "v", "n": "1"})
    patched = core.patch_namespaced_config_map("a", ns, [{"op": "remove", "path": "/data/n"}])
    equal(patched.data, {"k": "v"})
    created.data = {"k": "stale"}
    refused(409, core.replace_namespaced_config_map, "a", ns, created)
    patched.data = {"k": "new"}
    replaced = core.replace_namespaced_config_map("a", ns, patched)
    equal(replaced.data, {"k": "new"})
    listed = core.list_namespaced_config_map(ns, label_selector="app in (x, y)")
    equal([item.metadata.name for item in listed.items], ["a"])
    equal(core.list_namespaced_config_map(ns, label_selector="app=z").items, [])
    equal(core.list_config_map_for_all_namespaces(field_selector=f"metadata.namespace={ns}").items[0].data, {"k": "new"})
    status = core.delete_namespaced_config_map("a", ns)
    equal(status["status"], "Success")
    refused(404, core.read_namespaced_config_map, "a", ns)


def secrets(ns):
    body = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"user": "me"}, type="Opaque")
    equal(core.create_namespaced_secret(ns, body).data, {"user": "bWU="})
    equal(core.patch_namespaced_secret("s", ns, {"stringData": {"user": "you"}}).data, {"user": "eW91"})
    core.delete_collection_namespaced_secret(ns)
    equal(core.list_namespaced_secret(ns).items, [])


def pages(ns):
    for index in range(7):
        core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"c{index}")))
    names, token, revisions = [], None, set()
    while True:
        page = core.list_namespaced_config_map(ns, limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        revisions.add(page.metadata.resource_version)
        token = page.metadata._continue
        if not token:
            break
    equal(names, [f"c{index}" for index in range(7)])
    equal(len(revisions), 1, "all pages show one state")


def namespaces(ns):
    equal(core.read_namespace(ns).status.phase, "Active")
    core.patch_namespace(ns, {"metadata": {"labels": {"team": "x"}}})
    equal([item.metadata.name for item in core.list_namespace(label_selector="team=x").items], [ns])
    refused(403, core.delete_namespace, "kube-system")
    missing = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a"))
    refused(404, core.create_namespaced_config_map, "no-such-namespace", missing)


def pods(ns):
    spec = client.V1PodSpec(
        node_name="elsewhere",  # Nobody runs it: this is about the object.
        containers=[client.V1Container(name="main", image="app:1", ports=[client.V1ContainerPort(container_port=80)])],
    )
    pod = core.create_namespaced_pod(ns, client.V1Pod(metadata=client.V1ObjectMeta(name="p"), spec=spec))
    equal(pod.spec.containers[0].ports[0].protocol, "TCP")
    equal(pod.status.phase, "Pending")
    status = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    equal(core.patch_namespaced_pod_status("p", ns, status).status.conditions[0].type, "Ready")
    equal(core.read_namespaced_pod_status("p", ns).status.phase, "Running")
    equal(core.patch_namespaced_pod("p", ns, {"spec": {"containers": [{"name": "main", "image": "app:2"}]}})
          .spec.containers[0].image, "app:2")
    equal(len(core.list_pod_for_all_namespaces(field_selector="spec.nodeName=elsewhere").items), 1)
    marked = core.delete_namespaced_pod("p", ns, grace_period_seconds=30)
    assert marked.metadata.deletion_timestamp is not None
    core.delete_namespaced_pod("p", ns, grace_period_seconds=0)
    refused(404, core.read_namespaced_pod, "p", ns)
    invalid = client.V1Pod(metadata=client.V1ObjectMeta(name="q"), spec=client.V1PodSpec(containers=[]))
    refused(422, core.create_namespaced_pod, ns, invalid)


def events(ns):
    now = datetime.datetime.now(datetime.timezone.utc)
    reference = client.V1ObjectReference(kind="Pod", namespace=ns, name="p", uid="u")
    old = client.CoreV1Event(
        metadata=client.V1ObjectMeta(generate_name="e-"), involved_object=reference, reason="Tested", message="m",
        type="Normal", first_timestamp=now, last_timestamp=now, count=1,
    )
    core.create_namespaced_event(ns, old)
    new = client.EventsV1Event(
        metadata=client.V1ObjectMeta(name="new"), regarding=reference, reason="Seen", note="n", type="Warning",
        event_time=now, reporting_controller="clients.test/typed", reporting_instance="one", action="Look",
    )
    client.EventsV1Api().create_namespaced_event(ns, new)
    selected = core.list_namespaced_event(ns, field_selector="involvedObject.name=p,type=Warning")
    equal([event.message for event in selected.items], ["n"])
    # The client's own class insists on an eventTime, which events of the older form have not, on Kubernetes either.
    raw = client.EventsV1Api().list_namespaced_event(ns, _preload_content=False)
    equal({event["reason"] for event in json.loads(raw.data)["items"]}, {"Tested", "Seen"})


def leases(ns):
    api = client.CoordinationV1Api()
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)
    spec = client.V1LeaseSpec(holder_identity="me", lease_duration_seconds=15, acquire_time=now, renew_time=now)
    lease = api.create_namespaced_lease(ns, client.V1Lease(metadata=client.V1ObjectMeta(name="l"), spec=spec))
    equal(lease.spec.renew_time, now)
    lease.spec.holder_identity = "you"
    stale = api.read_namespaced_lease("l", ns)
    equal(api.replace_namespaced_lease("l", ns, lease).spec.holder_identity, "you")
    refused(409, api.replace_namespaced_lease, "l", ns, stale)
    api.delete_namespaced_lease("l", ns)


def controller_revisions(ns):
    api = client.AppsV1Api()
    body = client.V1ControllerRevision(metadata=client.V1ObjectMeta(name="r"), data={"spec": {"a": 1}}, revision=1)
    equal(api.create_namespaced_controller_revision(ns, body).data, {"spec": {"a": 1}})
    equal(api.patch_namespaced_controller_revision("r", ns, {"revision": 2}).revision, 2)
    refused(422, api.patch_namespaced_controller_revision, "r", ns, {"data": {"spec": {"a": 2}}})
    equal(len(api.list_namespaced_controller_revision(ns).items), 1)


def service_accounts(ns):
    eventually("the default account", lambda: core.list_namespaced_service_account(ns).items)
    account = client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="robot"))
    core.create_namespaced_service_account(ns, account)
    equal(core.read_namespaced_service_account("robot", ns).metadata.name, "robot")


def definitions(ns):
    api = client.ApiextensionsV1Api()
    custom = client.CustomObjectsApi()
    body = widget_definition("gadgets")
    api.create_custom_resource_definition(body)
    try:
        read = api.read_custom_resource_definition("gadgets.clients.test")
        conditions = {condition.type: condition.status for condition in read.status.conditions}
        equal(conditions, {"NamesAccepted": "True", "Established": "True"})
        where = ("clients.test", "v1", ns, "gadgets")
        gadget = {"apiVersion": "clients.test/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"color": "red"}}
        created = custom.create_namespaced_custom_object(*where, gadget)
        equal(created["spec"], {"color": "red", "size": 1})
        refused(422, custom.patch_namespaced_custom_object, *where, "g", {"spec": {"size": -1}})
        patched = custom.patch_namespaced_custom_object(*where, "g", {"spec": {"size": 3}})
        equal(patched["metadata"]["generation"], 2)
        status = custom.patch_namespaced_custom_object_status(*where, "g", {"status": {"size": 2}, "spec": {"size": 9}})
        equal((status["spec"]["size"], status["status"], status["metadata"]["generation"]), (3, {"size": 2}, 2))
        scale = custom.get_namespaced_custom_object_scale(*where, "g")
        equal((scale["spec"]["replicas"], scale["status"]["replicas"]), (3, 2))
        custom.patch_namespaced_custom_object_scale(*where, "g", {"spec": {"replicas": 5}})
        created["spec"]["size"] = 1
        refused(409, custom.replace_namespaced_custom_object, *where, "g", created)
        listed = custom.list_namespaced_custom_object(*where)
        equal([item["spec"]["size"] for item in listed["items"]], [5])
        equal(len(custom.list_custom_object_for_all_namespaces("clients.test", "v1", "gadgets")["items"]), 1)
        custom.delete_namespaced_custom_object(*where, "g")
        refused(404, custom.get_namespaced_custom_object, *where, "g")
        custom.create_namespaced_custom_object(*where, gadget)
    finally:
        api.delete_custom_resource_definition("gadgets.clients.test")
    gone = lambda: not [d for d in api.list_custom_resource_definition().items if d.metadata.name.startswith("gadgets")]
    eventually("the definition is gone", gone)
    refused(404, custom.list_namespaced_custom_object, *where)


def discovery(ns):
    assert client.VersionApi().get_code().git_version.startswith("v1.")
    assert "v1" in client.CoreApi().get_api_versions().versions
    groups = {group.name: group for group in client.ApisApi().get_api_versions().groups}
    equal(groups["apps"].preferred_version.group_version, "apps/v1")
    assert "pods" in {resource.name for resource in core.get_api_resources().resources}
    client.ApiextensionsV1Api().get_api_resources()
    equal(client.CoordinationApi().get_api_group().name, "coordination.k8s.io")


def reviews(ns):
    api = client.AuthorizationV1Api()
    attributes = client.V1ResourceAttributes(verb="create", resource="pods", namespace=ns)
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    equal(api.create_self_subject_access_review(review).status.allowed, True)
    who = client.AuthenticationV1Api().create_self_subject_review(client.V1SelfSubjectReview())
    assert "system:authenticated" in who.status.user_info.groups


def manifests(ns):
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}},
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "two"}, "spec": {}},
    ]
    utils.create_from_yaml(client.ApiClient(), yaml_objects=objects, namespace=ns)
    equal(core.read_namespaced_config_map("one", ns).data, {"a": "1"})


def preconditions(ns):
    made = core.create_namespaced_config_map(ns, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a")))
    wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid="other"))
    refused(409, core.delete_namespaced_config_map, "a", ns, body=wrong)
    right = client.V1DeleteOptions(
        preconditions=client.V1Preconditions(uid=made.metadata.uid), propagation_policy="Foreground"
    )
    core.delete_namespaced_config_map("a", ns, body=right)
    eventually("it is gone", lambda: not core.list_namespaced_config_map(ns, field_selector="metadata.name=a").items)


run(
    config_maps, secrets, pages, namespaces, pods, events, leases, controller_revisions, service_accounts, definitions,
    discovery, reviews, manifests, preconditions,
)
