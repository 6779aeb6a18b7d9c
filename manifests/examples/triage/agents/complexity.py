"""Where it is large and where it branches: an estimate that needs no parser of any language."""
import os
import re

import agent

CODE = {".swift", ".py", ".go", ".rs", ".c", ".cc", ".cpp", ".h", ".java", ".js", ".ts", ".rb", ".kt", ".sh"}
BRANCH = re.compile(r"\b(?:if|else if|elif|for|while|case|catch|except|guard|switch|match)\b|&&|\|\||\?\?")

arguments = agent.step_input()
tree = arguments["tree"]
measured = []
for path in agent.files(tree):
    if os.path.splitext(path)[1] not in CODE:
        continue
    code = [line for line in agent.lines(tree, path) if line.strip()]
    if not code:
        continue
    branches = sum(len(BRANCH.findall(line)) for line in code)
    deepest = max((len(line) - len(line.lstrip())) // 4 for line in code)
    measured.append({"file": path, "lines": len(code), "branches": branches, "nesting": deepest})
measured.sort(key=lambda entry: (-entry["branches"], entry["file"]))
total = sum(entry["lines"] for entry in measured)
agent.log(f"{len(measured)} source files, {total} lines")
agent.finish({
    "files": len(measured),
    "lines": total,
    "branchesPerHundredLines": round(100 * sum(e["branches"] for e in measured) / total, 1) if total else 0,
    "longest": max(measured, key=lambda entry: entry["lines"], default=None),
    "worst": measured[: int(arguments.get("worst", 5))],
})
