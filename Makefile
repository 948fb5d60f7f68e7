# `make help` lists the targets. Tools that are fetched live under .cache/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

comma := ,
GOVULNCHECK_VERSION := v1.9.0
GOLANGCI_LINT_VERSION := v2.12.2
LINT := .cache/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
VENV := .cache/venv
DEPLOY := $(CURDIR)/.cache/deploy
SERVICES := $(patsubst services/%/go.mod,%,$(wildcard services/*/go.mod))
CODE := ./pkg/... $(SERVICES:%=./services/%/...) ./deploy/grafana/...
# Readers that are not ours; tests that compare with them take this one.
export SALESLAKE_PYTHON ?= $(CURDIR)/$(VENV)/bin/python

##@ Try it

.PHONY: demo
demo: ## Run the whole pipeline on the sample data, in one process
	go run ./services/local-runner

.PHONY: up
up: ## Start the whole stack with Docker Compose, and wait until it is healthy
	docker compose up --build --detach --wait
	@echo "Grafana: http://$$(docker compose port grafana 3000)"

.PHONY: down
down: ## Stop them; VOLUMES=1 deletes their data too
	docker compose down $(if $(VOLUMES),--volumes)

.PHONY: logs
logs: ## Follow the services' logs
	docker compose logs --follow --tail 50

.PHONY: psql
psql: ## Ask the running stack's warehouse
	docker compose exec postgres psql -U sales -d sales

.PHONY: lake
lake: ## List the tables of the running stack's lake, with rows, files and bytes
	docker compose exec dq-checker /app/service lake

##@ Test it

.PHONY: test
test: lint build unit histories redshift readers deploy-check e2e ## What CI runs, but for race, vulnerabilities and Compose

.PHONY: lint
lint: $(LINT) ## Check style and import directions
	$(LINT) run $(CODE) ./e2e/...
	$(LINT) run --build-tags faults ./pkg/fault/...

.PHONY: build
build: ## Build every service into bin/ from its own go.mod alone
	for s in $(SERVICES); do GOWORK=off go build -C services/$$s -o $(CURDIR)/bin/$$s .; done

.PHONY: reproducible
reproducible: ## Build services twice, in two places and from nothing, and compare the bytes (SERVICE, all unless set)
	deploy/docker/reproducible.sh $(or $(SERVICE),$(SERVICES))

.PHONY: unit
unit: faults ## Unit, property and conformance tests, and the pipeline on embedded Kafka
	go test -timeout 40m $(CODE)

.PHONY: faults
faults: ## Tests of the faults that end-to-end tests build in
	go test -tags faults ./pkg/fault/...

.PHONY: histories
histories: ## Silver, gold and ledgers beside SQL, however events arrive (HISTORIES, 10000 unless set)
	go test -timeout 12h -run TestEveryHistory ./services/local-runner/history -v -rapid.checks=$(or $(HISTORIES),10000)

.PHONY: redshift
redshift: $(VENV)/ready ## All SQL that is sent to Redshift parses as its dialect, and holds its rules
	$(SALESLAKE_PYTHON) sql/check_redshift.py sql/redshift/*.sql sql/shared/*.sql sql/load/*.sql sql/analytics/*.sql \
		services/redshift-loader/warehouse/testdata/redshift/*.sql

.PHONY: readers
readers: $(VENV)/ready ## DuckDB, Polars and pyarrow read every layer, and answer the sample as we do
	e2e/readers/run.sh
	$(SALESLAKE_PYTHON) bench/check_peers.py data

.PHONY: e2e
e2e: $(VENV)/ready ## The services on a real Kafka, S3 and Postgres, killed and restarted
	go test -count=1 -timeout 45m ./e2e/... # it builds the services: their sources are not in what go test caches by

.PHONY: race
race: $(VENV)/ready ## The tests of one module under the race detector (MODULE=pkg, services/silver-etl, ...)
	GOWORK=off go test -C $(MODULE) -race -timeout 60m ./...

.PHONY: vulnerabilities
vulnerabilities: ## Known vulnerabilities in code that is reached
	for m in pkg $(SERVICES:%=services/%); do GOWORK=off go run -C $$m golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...; done

.PHONY: deploy-check
deploy-check: $(DEPLOY)/ready ## Terraform, the chart, workflows, the Compose file and the Dockerfile, as far as no account is needed
	deploy/check/run.sh $(DEPLOY)
	deploy/check/faults.sh $(DEPLOY)

.PHONY: rehearse
rehearse: ## Lose the warehouse, gold, a topic and all of Kafka of the running stack, and follow docs/deploy.md
	e2e/recovery.sh

.PHONY: smoke
smoke: ## Wait until orders of the running stack are in its warehouse
	timeout 120 bash -c 'until docker compose exec -T postgres psql -U sales -d sales -Atc "select count(*) > 0 from sales.fact_sales" | grep -qx t; do sleep 2; done'

##@ Ship it

.PHONY: image
image: ## Build and push a service's image for both architectures (SERVICE, VERSION, PREFIX=ghcr.io/owner/name)
	docker buildx inspect saleslake >/dev/null 2>&1 || docker buildx create --name saleslake
	docker buildx build --builder saleslake --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max --push \
		--file deploy/docker/Dockerfile --build-arg SERVICE=$(SERVICE) --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
		--tag $(PREFIX)/$(SERVICE):$(VERSION) .

.PHONY: chart
chart: $(DEPLOY)/ready ## Package the Helm chart into bin/ (VERSION=v1.2.3)
	$(DEPLOY)/bin/helm package deploy/helm/saleslake --destination bin --version $(VERSION:v%=%) --app-version $(VERSION)

.PHONY: plan
plan: ## terraform plan of an example, in your account (EXAMPLE=ecs, BACKEND_CONFIG=bucket=…,region=…)
	terraform -chdir=deploy/terraform/examples/$(EXAMPLE) init -input=false $(addprefix -backend-config=,$(subst $(comma), ,$(BACKEND_CONFIG)))
	terraform -chdir=deploy/terraform/examples/$(EXAMPLE) validate
	terraform -chdir=deploy/terraform/examples/$(EXAMPLE) plan -input=false -lock=false

##@ Change it

.PHONY: fmt
fmt: $(LINT) ## Format all Go code
	$(LINT) fmt $(CODE) ./e2e/...

.PHONY: data
data: ## Write the sample files, their README and expected.json anew
	go run ./services/producer generate --seed 42 --out data

.PHONY: iam
iam: $(DEPLOY)/ready ## Write the table of docs/iam.md anew
	PATH=$(DEPLOY)/bin:$$PATH $(DEPLOY)/venv/bin/python deploy/check/access.py . --write

.PHONY: screenshots
screenshots: ## Take the README's pictures anew, of the page of the sample's run in Chromium
	SCREENSHOTS=$(CURDIR)/docs/images go test -count=1 -run TestPageOfTheSample ./services/local-runner/report

.PHONY: dashboards
dashboards: ## Write the JSON of the dashboards that Grafana is provisioned with
	go run ./deploy/grafana

##@ Measure it

.PHONY: bench-batch
bench-batch: $(VENV)/ready ## A 3M-row CSV to gold, beside DuckDB and Polars (ROWS, RUNS)
	bench/batch.sh

.PHONY: bench-stream
bench-stream: ## Kafka to bronze, beside a bare consumer loop (EVENTS, RUNS)
	bench/stream.sh

.PHONY: bench-freshness
bench-freshness: ## Event time to PostgreSQL in the running stack, and what its containers need (RATE, WARM, LENGTH)
	bench/freshness.sh

.PHONY: bench-load
bench-load: ## Loads into DuckDB and PostgreSQL, beside the engines' own way, and of changes into bigger and bigger tables
	go test -run '^$$' -bench 'Bulk|Follow' -benchtime=5x -timeout 2h ./services/redshift-loader/warehouse

.PHONY: bench-audit
bench-audit: ## dq-checker's audit of 3M orders, beside silver-etl, which makes as many
	go test -run '^$$' -bench BronzeToSilver -benchtime=3x ./services/silver-etl/silver
	go test -run '^$$' -bench Audit -benchtime=3x ./services/dq-checker/dq

##@ Other

.PHONY: clean
clean: ## Delete what was built and fetched, and the local lake
	rm -rf bin .cache data/local_lake

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(LINT):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) GOWORK=off go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(@D)/golangci-lint $@

$(VENV)/ready: bench/peers/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(DEPLOY)/ready: deploy/check/install.sh deploy/check/requirements.txt deploy/check/schemas.py $(wildcard deploy/check/provider/*)
	deploy/check/install.sh $(DEPLOY)
	touch $@
