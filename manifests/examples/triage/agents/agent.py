"""What the agents share: the contract (JSON in, one JSON line out, the log on standard error), and the tree."""
import json
import os
import sys

SKIPPED = {".git", ".build", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", "target", "dist"}
LARGEST_FILE = 1 << 20


def step_input():
    """The step's input: one JSON object, the last argument."""
    try:
        value = json.loads(sys.argv[-1])
    except (IndexError, ValueError) as error:
        sys.exit(f"the last argument must be one JSON object: {error}")
    if not os.path.isdir(value.get("tree", "")):
        sys.exit(f"tree: {value.get('tree')!r} is not a directory; give an absolute path")
    return value


def files(tree):
    """Paths of the tree's files, relative to it, in a fixed order."""
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, tree)


def lines(tree, path):
    """The lines of a text file; none of a file that is binary, unreadable or very large."""
    full = os.path.join(tree, path)
    try:
        if os.path.getsize(full) > LARGEST_FILE:
            return []
        with open(full, "rb") as file:
            content = file.read()
    except OSError as error:
        log(f"{path}: {error.strerror}")
        return []
    if b"\0" in content[:8192]:
        return []
    return content.decode("utf-8", "replace").splitlines()


def log(message):
    print(message, file=sys.stderr, flush=True)


def finish(output):
    """Ends the agent with its output."""
    print(json.dumps(output))
