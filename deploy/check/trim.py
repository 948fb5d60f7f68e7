"""The part of a provider's schema that is used: trim.py SCHEMA FOLDER. Terraform asks for it some thirty times."""

import json
import pathlib
import re
import sys

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
text = "\n".join(file.read_text() for file in pathlib.Path(sys.argv[2]).rglob("*.tf"))
for provider in schema["provider_schemas"].values():
    for keyword, kind in (("resource", "resource_schemas"), ("data", "data_source_schemas")):
        used = set(re.findall(rf'^{keyword} "(\w+)"', text, re.M))
        provider[kind] = {name: s for name, s in provider[kind].items() if name in used}
json.dump(schema, sys.stdout)
