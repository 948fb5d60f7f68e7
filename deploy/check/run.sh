#!/usr/bin/env bash
# Checks everything under deploy/ and .github/ that can be checked without an account, a cluster or
# a registry: run.sh TOOLS [ROOT [CHECK…]]. TOOLS is the folder of install.sh, ROOT the repository.
set -euo pipefail
tools=$1
cd "${2:-.}"
root=$PWD
python=$tools/venv/bin/python
export PATH=$tools/bin:$tools/venv/bin:$PATH
export PROVIDER_SCHEMA=$tools/used.json TF_CLI_CONFIG_FILE=$tools/terraformrc
"$python" deploy/check/trim.py "$tools/aws.json" deploy/terraform >"$PROVIDER_SCHEMA"

terraform() { "$python" deploy/check/terraform.py "$root/deploy/terraform/$1" "${@:2}"; }

format() { terraform . fmt -check -diff -recursive; }

# What Terraform itself says, with the provider's real schema, and the modules' tests.
check_terraform() {
  terraform "$1" init -backend=false
  terraform "$1" validate
  [[ ! -d deploy/terraform/$1/tests ]] || terraform "$1" test
}

access() { "$python" deploy/check/access.py .; }

# helm and kubeconform, by the oldest Kubernetes that the chart takes and a newer one. Helm says on its error
# output that files/ has links.
chart() {
  local chart=deploy/helm/saleslake values kubernetes
  for values in "$chart"/ci/*.yaml; do
    helm lint --quiet --strict "$chart" --values "$values"
    for kubernetes in 1.31.0 1.34.0; do
      helm template saleslake "$chart" --namespace saleslake --values "$values" --kube-version "$kubernetes" |
        kubeconform -strict -summary -kubernetes-version "$kubernetes" \
          -schema-location "$tools/schemas/{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json" \
          -schema-location "$tools/schemas/{{.ResourceKind}}{{.KindSuffix}}.json"
    done
  done
}

compose() { compose-go -no-interpolation docker-compose.yml >/dev/null; }

docker() { hadolint deploy/docker/Dockerfile; }

# What checkov advises against, but for what is excused in place. It says nothing if there is nothing; a file that
# it cannot read is a fault. Modules are also looked at by themselves, for Kafka of the kind that the examples don't have.
check_security() {
  case $1 in
    terraform/modules) advice terraform --directory "deploy/$1" --var-file "$root/deploy/check/provisioned.tfvars" ;;
    terraform/*) advice terraform --directory "deploy/$1" ;;
    docker) advice dockerfile --file deploy/docker/Dockerfile ;;
    helm)
      local rendered values
      rendered=$(mktemp -d)
      for values in deploy/helm/saleslake/ci/*.yaml; do
        helm template saleslake deploy/helm/saleslake --namespace saleslake --values "$values" --kube-version 1.34.0 >"$rendered/${values##*/}"
      done
      advice kubernetes --directory "$rendered"
      rm -r "$rendered"
      ;;
  esac
}
advice() {
  local said
  said=$(LOG_LEVEL=ERROR CKV_PARSE_ERROR_FAIL=true checkov --config-file deploy/check/checkov.yaml --framework "$@") || { echo "$said"; return 1; }
}

workflows() {
  actionlint -shellcheck= -pyflakes= .github/workflows/*.yml
  zizmor --offline --quiet .github/workflows
}

# Examples use every module; those with tests are also tested alone.
checks=("${@:3}")
((${#checks[@]})) || {
  checks=(format access chart compose docker workflows security:{helm,docker,terraform/modules})
  for folder in deploy/terraform/examples/*; do checks+=("security:${folder#deploy/}"); done
  for folder in deploy/terraform/examples/* deploy/terraform/modules/*/tests; do
    folder=${folder%/tests}
    checks+=("terraform:${folder#deploy/terraform/}")
  done
}
for check in "${checks[@]}"; do
  echo "== $check" >&2
  if [[ $check == *:* ]]; then "check_${check%%:*}" "${check#*:}"; else "$check"; fi
done
