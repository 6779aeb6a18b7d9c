"""Texts that look like credentials. The findings say where, never what."""
import re

import agent

RULES = {
    "private key": re.compile(r"-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----"),
    "access key id": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "hosting token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    "chat token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b"),
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@\"'<>{}$]+:[^/\s:@\"'<>{}$]{6,}@"),
    "assigned secret": re.compile(
        r"(?i)\b(?:api[_-]?key|secret|passwd|password|token)\b\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{20,}[\"']"
    ),
}

tree = agent.step_input()["tree"]
findings = []
scanned = 0
for path in agent.files(tree):
    text = agent.lines(tree, path)
    scanned += bool(text)
    for number, line in enumerate(text, 1):
        if len(line) > 4000:
            continue
        for rule, pattern in RULES.items():
            if pattern.search(line):
                findings.append({"file": path, "line": number, "rule": rule})
agent.log(f"{scanned} text files scanned, {len(findings)} findings")
agent.finish({"scanned": scanned, "total": len(findings), "findings": findings[:50]})
