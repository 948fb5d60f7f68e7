"""The JSON schemas that kubeconform takes, in a folder: schemas.py OUT CRD…

Those of Kubernetes' own resources are in the package kubernetes-validate, whose references kubeconform does not follow;
those of custom resources are made of their definitions.
"""

import json
import pathlib
import re
import sys

import kubernetes_validate
import yaml

VERSIONS = ("1.31.0", "1.34.0")
KINDS = ("configmap-v1", "job-batch-v1", "networkpolicy-networking-v1", "poddisruptionbudget-policy-v1", "service-v1",
         "serviceaccount-v1", "statefulset-apps-v1")
REFERENCE = re.compile(r'"(?:/api/_definitions\.json)?#/\$defs/([^"]+)"')


def closed(text, definitions):
    """The schema with the definitions that it refers to, directly or not."""
    needed, new = {}, set(REFERENCE.findall(text))
    while new:
        needed |= {name: definitions[name] for name in new}
        new = set(REFERENCE.findall(json.dumps(needed))) - needed.keys()
    return json.loads(REFERENCE.sub(r'"#/$defs/\1"', json.dumps({**json.loads(text), "$defs": needed})))


def strict(schema):
    """Fields that are not declared are faults, as they are to an API server that validates strictly."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        if schema.get("x-kubernetes-int-or-string"):
            schema.pop("type", None)
    for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        strict(value)
    return schema


out = pathlib.Path(sys.argv[1])
package = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
for version in VERSIONS:
    folder = package / f"v{version}-local-strict"
    definitions = json.loads((folder / "_definitions.json").read_text())["$defs"]
    (out / f"v{version}").mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (out / f"v{version}" / f"{kind}.json").write_text(json.dumps(closed((folder / f"{kind}.json").read_text(), definitions)))

for file in sys.argv[2:]:
    crd = yaml.safe_load(pathlib.Path(file).read_text())["spec"]
    for version in crd["versions"]:
        name = f"{crd['names']['kind']}-{crd['group'].split('.')[0]}-{version['name']}.json".lower()
        (out / name).write_text(json.dumps(strict(version["schema"]["openAPIV3Schema"])))
