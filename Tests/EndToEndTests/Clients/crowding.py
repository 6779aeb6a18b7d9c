"""Many at once, and clients that behave badly: what a server of many owes to each.

    crowding.py --data-dir DIR --pid PID [--objects 100000]

Takes the data directory of a running apiserver and its process. Prints what it saw; fails where a client was answered
wrongly, an event was missed, or the server's memory grew beyond its bounds.
"""
import argparse
import http.client
import json
import pathlib
import re
import resource
import select
import socket
import ssl
import sys
import threading
import time

options = argparse.ArgumentParser()
options.add_argument("--data-dir", type=pathlib.Path, required=True)
options.add_argument("--pid", type=int, required=True)
options.add_argument("--objects", type=int, default=10_000, help="for the list by pages")
options = options.parse_args()

# Where a shell allows 1,024 files, the system usually allows its children more.
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 65536 else 65536, hard))

TOKEN = (options.data_dir / "token").read_text().strip()
PORT = int(re.search(r"https://127\.0\.0\.1:(\d+)", (options.data_dir / "kubeconfig").read_text()).group(1))
CONTEXT = ssl.create_default_context(cafile=options.data_dir / "ca.crt")
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def resident():
    status = pathlib.Path(f"/proc/{options.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def connect():
    return http.client.HTTPSConnection("127.0.0.1", PORT, context=CONTEXT, timeout=120)


def send(connection, method, path, body=None):
    data = json.dumps(body) if body is not None and not isinstance(body, (bytes, str)) else body
    connection.request(method, path, data, HEADERS)
    answer = connection.getresponse()
    return answer, answer.read()


def expect(wanted, answer, data):
    if answer.status != wanted:
        raise AssertionError(f"{answer.status}, wanted {wanted}: {data[:300]!r}")
    return json.loads(data)


def opened():
    plain = socket.create_connection(("127.0.0.1", PORT))
    return CONTEXT.wrap_socket(plain, server_hostname="localhost")


def maps(namespace):
    return f"/api/v1/namespaces/{namespace}/configmaps"


def watch(path):
    stream = opened()
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
    return stream


def say(text):
    print(f"{text}; {resident():.0f} MB resident", flush=True)


main = connect()
for namespace in ["crowd", "slow", "pages"]:
    expect(201, *send(main, "POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}))
say("before")

# A client that sends one byte a second holds nobody up; it goes on through everything that follows.
dripping = opened()
finished = threading.Event()


def drip():
    for byte in b"GET /api/v1/namespaces HTTP/1.1\r\nX-Long: " + b"x" * 10_000:
        if finished.wait(1):
            return
        try:
            dripping.sendall(bytes([byte]))
        except OSError:
            return


threading.Thread(target=drip, daemon=True).start()

# 1,000 watchers, and 500 writers whose requests are all under way at the same time.
watchers = [watch(f"{maps('crowd')}?watch=1") for _ in range(1000)]
say("1,000 watchers")
gate, refusals, failures = threading.Barrier(500), [], []


def write(number):
    try:
        connection = connect()
        connection.connect()
        gate.wait()
        while True:
            body = {"metadata": {"name": f"w-{number:03}"}, "data": {"number": str(number)}}
            answer, data = send(connection, "POST", maps("crowd"), body)
            if answer.status != 429:
                expect(201, answer, data)
                return
            if "Retry-After" not in answer.headers:
                raise AssertionError("a 429 without Retry-After")
            refusals.append(number)
            time.sleep(float(answer.headers["Retry-After"]))
    except Exception as error:  # The threads' failures are told by the main one.
        failures.append(error)


threads = [threading.Thread(target=write, args=(number,)) for number in range(500)]
for thread in threads:
    thread.start()
seen = {stream.fileno(): set() for stream in watchers}
rest = {stream.fileno(): b"" for stream in watchers}
by_number = {stream.fileno(): stream for stream in watchers}
poll = select.poll()
for stream in watchers:
    stream.setblocking(False)
    poll.register(stream, select.POLLIN)
done = 0
bound = time.monotonic() + 300
while done < len(watchers) and time.monotonic() < bound and not failures:
    for number, _ in poll.poll(1000):
        try:
            while True:
                piece = by_number[number].recv(65536)
                if not piece:
                    raise AssertionError("the server closed the watch of a client that reads")
                rest[number] += piece
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        before = len(seen[number]) == 500
        seen[number].update(re.findall(rb'"name":"(w-\d\d\d)"', rest[number]))
        rest[number] = rest[number][-200:]
        done += len(seen[number]) == 500 and not before
for thread in threads:
    thread.join()
if failures:
    raise failures[0]
if done < len(watchers):
    raise AssertionError(f"{len(watchers) - done} watchers missed events")
say(f"500 writers at once, {len(refusals)} of them asked to come back; every watcher saw every write")
for stream in watchers:
    stream.close()

# A watcher that does not read gets an end; meanwhile one that reads gets everything, and memory stays bounded.
before = resident()
deaf = watch(f"{maps('slow')}?watch=1")
good = watch(f"{maps('slow')}?watch=1")
heard = set()


def listen():
    rest = b""
    while len(heard) < 300:
        piece = good.recv(65536)
        if not piece:
            return
        heard.update(re.findall(rb'"name":"(s-\d\d\d)"', rest + piece))
        rest = piece[-100:]


listener = threading.Thread(target=listen)
listener.start()
for number in range(300):
    body = {"metadata": {"name": f"s-{number:03}"}, "data": {"x": "x" * 200_000}}
    expect(201, *send(main, "POST", maps("slow"), body))
listener.join(120)
if len(heard) < 300:
    raise AssertionError(f"the watcher beside the slow one saw {len(heard)} of 300")
stored = 300 * 0.2
grown = resident() - before
if grown > 4 * stored + 100:
    raise AssertionError(f"{grown:.0f} MB more for {stored:.0f} MB of objects and one slow watcher")
say("60 MB of objects past a watcher that does not read")
good.close()
deaf.close()
for number in range(300):
    expect(200, *send(main, "DELETE", f"{maps('slow')}/s-{number:03}"))

# Bodies: too large by what is announced, too large as it comes, nearly too large, too deep.
before = resident()
large = opened()
large.sendall(
    f"POST {maps('crowd')} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    f"Content-Type: application/json\r\nContent-Length: {100 << 20}\r\n\r\n".encode())
answer = http.client.HTTPResponse(large)
answer.begin()
expect(413, answer, answer.read())
large.close()
flood = opened()
flood.sendall(
    f"POST {maps('crowd')} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
try:
    for _ in range(100):
        flood.sendall(chunk)
except OSError:
    pass  # It has been answered and closed before the end, as it should.
flood.close()
expect(400, *send(connect(), "POST", maps("crowd"), "[" * 100_000))
expect(400, *send(connect(), "POST", maps("crowd"), '{"a":' * 100_000))
definition = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "loads.crowd.example"},
    "spec": {
        "group": "crowd.example", "scope": "Namespaced",
        "names": {"plural": "loads", "singular": "load", "kind": "Load", "listKind": "LoadList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"text": {"type": "string"}}}}}],
    },
}
expect(201, *send(main, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition))
loads = "/apis/crowd.example/v1/namespaces/crowd/loads"
load = {"apiVersion": "crowd.example/v1", "kind": "Load", "metadata": {"name": "a"}, "text": "é" * 1_490_000}
bound = time.monotonic() + 60
while send(main, "GET", loads)[0].status != 200 and time.monotonic() < bound:
    time.sleep(0.05)
expect(201, *send(main, "POST", loads, json.dumps(load, ensure_ascii=False).encode()))
if expect(200, *send(main, "GET", f"{loads}/a"))["text"] != load["text"]:
    raise AssertionError("an object of 3 MB came back different")
load["text"] = "x" * (3 << 20)
expect(413, *send(connect(), "POST", loads, load))
if resident() - before > 150:
    raise AssertionError(f"{resident() - before:.0f} MB more after bodies that are too large")
say("bodies of 100 MB refused twice, one of 3 MB kept")

# A long list by pages: what was there at its beginning, each object once, whatever is written meanwhile.
COUNT = options.objects


def fill(first):
    connection = connect()
    for number in range(first, COUNT, 8):
        body = {"metadata": {"name": f"p-{number:06}"}, "data": {"number": str(number)}}
        expect(201, *send(connection, "POST", maps("pages"), body))


threads = [threading.Thread(target=fill, args=(first,)) for first in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
before = resident()
names, token, pages = [], "", 0
while True:
    page = expect(200, *send(main, "GET", f"{maps('pages')}?limit=500&continue={token}"))
    names += [each["metadata"]["name"] for each in page["items"] if each["metadata"]["name"].startswith("p-")]
    pages += 1
    expect(201, *send(main, "POST", maps("pages"), {"metadata": {"name": f"p-{COUNT + pages:06}"}}))
    if pages < 50:
        expect(200, *send(main, "DELETE", f"{maps('pages')}/p-{COUNT - pages:06}"))
    token = page["metadata"].get("continue", "")
    if not token:
        break
if names != [f"p-{number:06}" for number in range(COUNT)]:
    raise AssertionError(f"{len(names)} names by pages, wanted {COUNT}; {len(set(names))} different")
if resident() - before > 100:
    raise AssertionError(f"{resident() - before:.0f} MB more for a list by pages")
say(f"{COUNT:,} objects in {pages} pages")

# Fifty whole lists at once, read slowly.
before = resident()
slow = [watch(maps("pages")) for _ in range(50)]
for _ in range(5):
    for stream in slow:
        stream.recv(1000)
    expect(200, *send(main, "GET", f"{maps('pages')}/p-000000"))
grown = resident() - before
if grown > 150:
    raise AssertionError(f"{grown:.0f} MB more for 50 lists that are read slowly")
say("50 whole lists at once, read slowly")
for stream in slow:
    stream.close()

finished.set()
expect(200, *send(main, "GET", "/api/v1/namespaces"))
say("and the server answers")
sys.exit(0)
