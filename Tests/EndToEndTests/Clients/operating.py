"""Drives the operator in greeter.py: everything that happens to an object, and a restart in the middle."""

import os
import signal
import subprocess
import sys
import tempfile

from kubernetes import client

from checks import equal, eventually, refused, run, widget_definition

core = client.CoreV1Api()
custom = client.CustomObjectsApi()
GROUP = "kopf.clients.test"


class Operator:
    def __init__(self, ns):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "greeter.py")
        self.log = tempfile.TemporaryFile("a+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", ns, script],
            stdout=self.log, stderr=subprocess.STDOUT,
        )

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(timeout=60)

    def text(self):
        self.log.seek(0)
        return self.log.read()


def greetings(ns):
    definition = widget_definition(
        "greetings", group=GROUP, properties={"who": {"type": "string"}, "mood": {"type": "string"}}
    )
    del definition["spec"]["versions"][0]["subresources"]["scale"]
    api = client.ApiextensionsV1Api()
    api.create_custom_resource_definition(definition)
    operator = Operator(ns)
    try:
        lives(ns, operator)
    except BaseException:
        print(operator.text())
        raise
    finally:
        if operator.process.poll() is None:
            operator.stop(signal.SIGKILL)
        api.delete_custom_resource_definition(f"greetings.{GROUP}")
        for item in custom.list_namespaced_custom_object(GROUP, "v1", ns, "greetings")["items"]:
            custom.patch_namespaced_custom_object(
                GROUP, "v1", ns, "greetings", item["metadata"]["name"], {"metadata": {"finalizers": None}}
            )


def lives(ns, operator):
    where = (GROUP, "v1", ns, "greetings")

    def status(name="one"):
        return custom.get_namespaced_custom_object(*where, name).get("status", {})

    def greeting(name, **spec):
        body = {"apiVersion": f"{GROUP}/v1", "kind": "Greeting", "metadata": {"name": name}, "spec": spec}
        return custom.create_namespaced_custom_object(*where, body)

    def text(name="one"):
        return core.read_namespaced_config_map(name, ns).data["text"]

    # Made before the operator runs, and found by it.
    made = greeting("one", who="world", mood="good")
    eventually("it is greeted", lambda: status().get("text") == "Hello, world")
    eventually("it is done", lambda: status().get("created") == {"done": True})
    equal(text(), "Hello, world")
    one = custom.get_namespaced_custom_object(*where, "one")
    equal(one["metadata"]["finalizers"], ["clients.test/greeter"])
    assert any(key.startswith("clients.test/") for key in one["metadata"]["annotations"]), one["metadata"]
    child = core.read_namespaced_config_map("one", ns)
    equal(child.metadata.owner_references[0].uid, made["metadata"]["uid"])
    eventually("an Event says so", lambda: [
        event for event in core.list_namespaced_event(ns, field_selector="involvedObject.name=one").items
        if event.reason == "Greeted" and event.message == "Hello, world"
    ])
    eventually("the timer ticks", lambda: status().get("ticks") == 3)
    eventually("the daemon runs", lambda: [
        event for event in core.list_namespaced_event(ns).items if event.reason == "Attended"
    ])

    custom.patch_namespaced_custom_object(*where, "one", {"spec": {"who": "you"}})
    eventually("it is renamed", lambda: status().get("text") == "Hello, you (not world)")
    custom.patch_namespaced_custom_object(*where, "one", {"spec": {"mood": "bad"}})
    eventually("it succeeds in the end", lambda: status().get("mood") == "bad")
    eventually("no progress is left", lambda: not status().get("kopf", {}).get("progress"))

    core.create_namespaced_config_map(ns, {"metadata": {"name": "plain", "labels": {"watched": "yes"}}})
    eventually("other kinds are watched", lambda: core.list_namespaced_config_map(
        ns, field_selector="metadata.name=plain-seen").items)

    # Killed; what happens meanwhile is made up for.
    operator.stop(signal.SIGKILL)
    custom.patch_namespaced_custom_object(*where, "one", {"spec": {"who": "us"}})
    greeting("two", who="them")
    operator.process = Operator(ns).process
    eventually("the change is seen", lambda: status().get("text") == "Hello, us (not you)")
    eventually("the new one is greeted", lambda: status("two").get("text") == "Hello, them")
    eventually("it is resumed", lambda: status().get("resumed"))

    # The operator's finalizer holds it until the handler has run; the child goes with it.
    custom.delete_namespaced_custom_object(*where, "one")
    eventually("farewell", lambda: core.list_namespaced_config_map(
        ns, field_selector="metadata.name=one-farewell").items)

    def is_gone():
        names = [item["metadata"]["name"] for item in custom.list_namespaced_custom_object(*where)["items"]]
        return "one" not in names

    eventually("it is gone", is_gone)
    eventually("its child is gone", lambda: not core.list_namespaced_config_map(
        ns, field_selector="metadata.name=one").items)

    # Without an operator the finalizer holds.
    operator.stop()
    custom.delete_namespaced_custom_object(*where, "two")
    assert custom.get_namespaced_custom_object(*where, "two")["metadata"]["deletionTimestamp"]
    refused(422, custom.patch_namespaced_custom_object, *where, "two", {"metadata": {"finalizers": ["clients.test/new"]}})


run(greetings)
