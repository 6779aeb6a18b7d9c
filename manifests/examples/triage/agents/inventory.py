"""What is there: files, bytes and lines by kind."""
import os

import agent

tree = agent.step_input()["tree"]
kinds = {}
count = 0
for path in agent.files(tree):
    kind = os.path.splitext(path)[1].lstrip(".") or os.path.basename(path)
    entry = kinds.setdefault(kind, {"files": 0, "bytes": 0, "lines": 0})
    entry["files"] += 1
    entry["bytes"] += os.path.getsize(os.path.join(tree, path))
    entry["lines"] += len(agent.lines(tree, path))
    count += 1
agent.log(f"{count} files of {len(kinds)} kinds")
largest = sorted(kinds.items(), key=lambda item: (-item[1]["bytes"], item[0]))[:8]
agent.finish({
    "files": count,
    "bytes": sum(kind["bytes"] for kind in kinds.values()),
    "lines": sum(kind["lines"] for kind in kinds.values()),
    "kinds": [{"kind": name, **numbers} for name, numbers in largest],
})
