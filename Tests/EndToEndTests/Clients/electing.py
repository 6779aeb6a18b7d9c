"""The official client's leader election on a Lease and on a ConfigMap: one leads, another takes over."""

import threading

from kubernetes import client
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

from checks import equal, eventually, run


def candidate(lock, leading, release):
    """Leads until it is told to stop, then lets the lock run out, as a crashed one does."""

    def lead():
        leading.append(lock.identity)
        release.wait()

    # What the elector calls when it can renew no more, which here ends the candidate's thread.
    config = electionconfig.Config(
        lock, lease_duration=3, renew_deadline=2, retry_period=1, onstarted_leading=lead, onstopped_leading=lambda: None
    )
    thread = threading.Thread(target=leaderelection.LeaderElection(config).run, daemon=True)
    thread.start()
    return thread


def elects(ns, kind):
    leading, release = [], threading.Event()
    first, second = kind("lock", ns, "first"), kind("lock", ns, "second")
    candidate(first, leading, release)
    eventually("somebody leads", lambda: leading)
    candidate(second, leading, release)
    reads = []
    eventually("the second one asks", lambda: reads.append(second.get("lock", ns)[0]) or len(reads) > 20)
    equal(leading, ["first"], "one leader at a time")
    # The first one's renewals fail from now on.
    first.update = lambda *_: False
    eventually("the second one takes over", lambda: leading == ["first", "second"])
    release.set()


def on_a_lease(ns):
    elects(ns, LeaseLock)
    lease = client.CoordinationV1Api().read_namespaced_lease("lock", ns)
    equal(lease.spec.holder_identity, "second")


def on_a_config_map(ns):
    elects(ns, ConfigMapLock)


run(on_a_lease, on_a_config_map)
