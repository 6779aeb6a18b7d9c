"""What all client scripts share: the namespace, expectations, and waiting."""

import contextlib
import sys
import time
import uuid

from kubernetes import client, config

config.load_kube_config()


@contextlib.contextmanager
def namespace():
    """A namespace of its own for the time of a test."""
    name = f"clients-{uuid.uuid4().hex[:8]}"
    core = client.CoreV1Api()
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    try:
        yield name
    finally:
        core.delete_namespace(name)


def equal(found, wanted, what=""):
    if found != wanted:
        raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")


def refused(status, call, *arguments, **options):
    """The error of a call that must be answered with that HTTP status."""
    try:
        call(*arguments, **options)
    except Exception as error:  # The clients have exception classes of their own for the same thing.
        equal(getattr(error, "status", None), status, f"status of {error!r}")
        return error
    raise AssertionError(f"{call}: no error, wanted {status}")


def eventually(what, condition, bound=60):
    """Asks until the answer is true; the bound only ends a test that would never end."""
    end = time.monotonic() + bound
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)


def widget_definition(plural, group="clients.test", properties=None, scope="Namespaced"):
    """A definition with spec, status and scale."""
    kind = plural[:-1].capitalize()
    spec = properties or {"size": {"type": "integer", "minimum": 0, "default": 1}, "color": {"type": "string"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "singular": plural[:-1], "kind": kind, "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {
                        "status": {},
                        "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
                    },
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object", "properties": spec},
                                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                            },
                        }
                    },
                }
            ],
        },
    }


def run(*tests):
    """Runs every test in a namespace of its own and says what failed."""
    failed = 0
    for test in tests:
        try:
            with namespace() as name:
                test(name)
            print(f"ok {test.__name__}", flush=True)
        except Exception as error:
            import traceback

            traceback.print_exc()
            print(f"FAILED {test.__name__}: {error}", flush=True)
            failed += 1
    sys.exit(1 if failed else 0)
