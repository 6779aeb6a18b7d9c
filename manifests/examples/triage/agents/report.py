"""Joins what the others found into one report for people."""
import agent

found = agent.step_input()
inventory, secrets, complexity = found["inventory"], found["secrets"], found["complexity"]
copies = found.get("copies")

text = [
    f"# {found['tree']}",
    "",
    f"{inventory['files']} files, {inventory['lines']} lines, {inventory['bytes'] / 1e6:.1f} MB.",
    "",
    "| kind | files | lines |",
    "|---|---:|---:|",
]
text += [f"| {kind['kind']} | {kind['files']} | {kind['lines']} |" for kind in inventory["kinds"]]
text += ["", f"## Possible secrets: {secrets['total']}", ""]
text += [f"- {finding['file']}:{finding['line']}: {finding['rule']}" for finding in secrets["findings"][:10]]
text += ["", f"## Complexity: {complexity['branchesPerHundredLines']} branches in 100 lines of code", ""]
text += [
    f"- {entry['file']}: {entry['branches']} branches in {entry['lines']} lines, {entry['nesting']} deep"
    for entry in complexity["worst"]
]
if copies:
    text += ["", f"## Copies: {copies['groups']} groups of equal files", ""]
    text += [f"- {', '.join(group['files'][:4])} ({group['bytes']} bytes)" for group in copies["largest"]]
agent.finish({"markdown": "\n".join(text) + "\n", "secrets": secrets["total"], "files": inventory["files"]})
