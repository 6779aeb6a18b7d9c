"""A kopf operator for a kind of its own: keeps a ConfigMap for every Greeting and says in its status what it did."""

import logging

import kopf
from kubernetes import client, config

GROUP = "kopf.clients.test"
PLURAL = "greetings"


@kopf.on.startup()
def configure(settings, **_):
    config.load_kube_config()
    settings.persistence.progress_storage = kopf.StatusProgressStorage()
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix="clients.test")
    settings.persistence.finalizer = "clients.test/greeter"
    settings.posting.level = logging.INFO


@kopf.on.create(GROUP, "v1", PLURAL)
def created(spec, name, namespace, body, patch, **_):
    text = f"Hello, {spec['who']}"
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}}
    kopf.adopt(child, owner=body)
    client.CoreV1Api().create_namespaced_config_map(namespace, child)
    kopf.info(body, reason="Greeted", message=text)
    patch.status["text"] = text
    return {"done": True}


@kopf.on.update(GROUP, "v1", PLURAL, field="spec.who")
def renamed(old, new, name, namespace, patch, **_):
    text = f"Hello, {new} (not {old})"
    client.CoreV1Api().patch_namespaced_config_map(name, namespace, {"data": {"text": text}})
    patch.status["text"] = text


failures = {"count": 0}


@kopf.on.field(GROUP, "v1", PLURAL, field="spec.mood", backoff=0.2)
def moody(new, patch, **_):
    """Fails twice before it succeeds, so that progress is kept in the object's status in between."""
    if new == "bad" and failures["count"] < 2:
        failures["count"] += 1
        raise kopf.TemporaryError("in a bad mood", delay=0.2)
    patch.status["mood"] = new


@kopf.on.resume(GROUP, "v1", PLURAL)
def resumed(status, patch, **_):
    patch.status["resumed"] = status.get("resumed", 0) + 1


@kopf.on.delete(GROUP, "v1", PLURAL)
def deleted(name, namespace, **_):
    farewell = {"metadata": {"name": f"{name}-farewell"}, "data": {"text": "Goodbye"}}
    client.CoreV1Api().create_namespaced_config_map(namespace, farewell)


@kopf.timer(GROUP, "v1", PLURAL, interval=0.3)
def ticked(status, patch, **_):
    if status.get("ticks", 0) < 3:
        patch.status["ticks"] = status.get("ticks", 0) + 1


@kopf.daemon(GROUP, "v1", PLURAL)
async def stays(stopped, body, **_):
    kopf.info(body, reason="Attended", message="the daemon runs")
    await stopped.wait(3600)


@kopf.on.event("", "v1", "configmaps", labels={"watched": "yes"})
def seen(name, namespace, **_):
    body = {"metadata": {"name": f"{name}-seen"}}
    try:
        client.CoreV1Api().create_namespaced_config_map(namespace, body)
    except client.ApiException as error:
        if error.status != 409:
            raise
