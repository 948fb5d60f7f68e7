#!/usr/bin/env bash
# Shows that each check of run.sh can fail: plants a fault in a copy of the repository, and wants the
# check to end with an error that names it. faults.sh TOOLS [CHECK]
set -euo pipefail
tools=$1 only=${2:-}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

missed=0
# fault NAME CHECK FILE SED MESSAGE
fault() {
  [[ $2 == "$only"* ]] || return 0
  rm -rf "$copy" && mkdir "$copy"
  (cd "$root" && cp -a --parents deploy .github config data docs sql pkg/sales pkg/stream services docker-compose.yml .env "$copy")
  sed -i -e "$4" "$copy/$3"
  if cmp -s "$root/$3" "$copy/$3"; then
    echo "MISSED $1: nothing was changed in $3"
  elif out=$("$root/deploy/check/run.sh" "$tools" "$copy" "$2" 2>&1); then
    echo "MISSED $1: $2 passes"
  elif ! grep -qF -- "$5" <<<"$out"; then
    printf 'MISSED %s: %s fails, but does not say "%s":\n%s\n' "$1" "$2" "$5" "$out"
  else
    echo "found $1"
    return
  fi
  missed=$((missed + 1))
}

modules=deploy/terraform/modules
chart=deploy/helm/saleslake
fault 'Terraform that is not formatted' format $modules/lake/main.tf 's/^  bucket = var.bucket/  bucket    =    var.bucket/' main.tf
fault 'an argument that the provider does not have' terraform:examples/ecs $modules/kafka/main.tf 's/number_of_broker_nodes/number_of_brokers/' 'number_of_brokers'
fault 'a module without an argument that it needs' terraform:examples/eks deploy/terraform/examples/eks/main.tf '/policies = { for service/d' '"policies" is required'
fault 'a bucket that answers without TLS' terraform:modules/lake $modules/lake/main.tf 's/Effect    = "Deny"/Effect    = "Allow"/' 'without TLS'
fault 'a container that can be written to' terraform:modules/services-ecs $modules/services-ecs/main.tf 's/readonlyRootFilesystem = true/readonlyRootFilesystem = false/' 'can be written'
fault 'a right that docs do not tell of' access $modules/access/main.tf 's/on = \["topic:lake.verdicts"\], why = "reads what passed"/on = ["topic:*"], why = "reads"/' 'docs/iam.md lacks'
fault 'a topic that nobody may use' access pkg/sales/schema.go 's/"lake.loads"/"lake.loaded"/' 'topic lake.loaded'
fault 'a group that nobody may use' access pkg/stream/follow.go 's/"reader-without-group"/"reader"/' 'group reader:'
fault 'a chart value of another type' chart $chart/values.yaml 's/replicas: 2/replicas: two/' replicas
fault 'a password among the settings' chart $chart/ci/all.yaml 's/SALES_LAKE_URL/SALES_WAREHOUSE_PASSWORD/' SALES_WAREHOUSE_PASSWORD
fault 'a field that Kubernetes does not have' chart $chart/templates/services.yaml 's/podManagementPolicy/podManagement/' podManagement
fault 'a field that KEDA does not have' chart $chart/templates/services.yaml 's/maxReplicaCount/maxReplicas/' maxReplicas
fault 'a field that the Prometheus operator does not have' chart $chart/templates/monitoring.yaml 's/interval: 15s/every: 15s/' every
fault 'a Compose field that there is not' compose docker-compose.yml 's/^    stop_grace_period: 30s/    grace_period: 30s/' grace_period
fault 'an image that runs as root by a tag that moves' docker deploy/docker/Dockerfile 's/^FROM gcr.*/FROM debian:latest/' DL3007
fault 'an image without a health check' security:docker deploy/docker/Dockerfile '/^HEALTHCHECK/d' CKV_DOCKER_2
fault 'a container that may gain privileges' security:helm $chart/templates/_helpers.tpl 's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/' CKV_K8S_20
fault 'tasks with public addresses' security:terraform/examples/ecs $modules/services-ecs/main.tf 's/assign_public_ip = false/assign_public_ip = true/' CKV_AWS_333
fault 'a cluster without an audit log' security:terraform/examples/eks deploy/terraform/examples/eks/main.tf 's/"audit", //' CKV_AWS_37
fault 'brokers that take plaintext' security:terraform/modules $modules/kafka/main.tf 's/client_broker = "TLS"/client_broker = "TLS_PLAINTEXT"/' CKV_AWS_81
fault 'a file that checkov cannot read' security:terraform/modules $modules/kafka/main.tf 's/EOT$/E/' 'Parsing errors: 1'
fault 'a job that needs one that there is not' workflows .github/workflows/release.yml 's/needs: images/needs: pictures/' pictures
fault 'an action that is not pinned' workflows .github/workflows/ci.yml 's/checkout@[0-9a-f]* .*/checkout@v7/' unpinned-uses
fault 'a token that may do more than it needs' workflows .github/workflows/ci.yml 's/^permissions: {}/permissions: write-all/; s/^    permissions: {contents: read}$//' excessive-permissions

((missed == 0)) || { echo "$missed faults were missed" >&2; exit 1; }
