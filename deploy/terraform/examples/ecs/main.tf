# The whole pipeline on ECS Fargate. docs/deploy.md follows it step by step.

terraform {
  required_version = ">= 1.10"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.82"
    }
  }
  # The rest is in a file of your own: terraform init -backend-config=backend.hcl
  backend "s3" {
    key          = "saleslake-ecs.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
}

variable "name" {
  description = "Prefix of all names."
  type        = string
  default     = "saleslake"
}

variable "bucket" {
  description = "Name of the lake's bucket: unique in the world."
  type        = string
}

variable "kafka" {
  description = "serverless or provisioned."
  type        = string
  default     = "serverless"
}

variable "partitions" {
  description = "Partitions of topics and lake. They can't be changed later: docs/deploy.md says how many."
  type        = number
  default     = 12
}

variable "image_tag" {
  description = "Tag of the services' images, such as v1.0.0."
  type        = string
}

variable "collector_tag" {
  description = "Tag of aws-observability/aws-otel-collector that was copied to the registry: docs/deploy.md."
  type        = string
}

variable "first_day" {
  description = "Day of the first orders, YYYY-MM-DD."
  type        = string
}

variable "monthly_rpu_hours" {
  description = "RPU hours of Redshift a month after which queries are refused."
  type        = number
}

variable "producer_rate" {
  description = "Events a second of the generator; 0 leaves the producer out."
  type        = number
  default     = 0
}

variable "alert_emails" {
  description = "Addresses that are told of alerts."
  type        = set(string)
  default     = []
}

variable "ci" {
  description = "Repository on GitHub whose workflows push images and plan, and the bucket of Terraform's state; null for neither."
  type        = object({ repository = string, state_bucket = string })
  default     = null
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { project = var.name }
  }
}

# Local zones, in accounts that have opted in to some, have neither MSK nor Redshift.
data "aws_availability_zones" "here" {
  # checkov:skip=CKV_AWS_394: zones differ by account and region; if the first three ever changed, the plan is refused, as Kafka is not destroyed
  state = "available"
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

module "network" {
  source    = "../../modules/network"
  name      = var.name
  zones     = slice(data.aws_availability_zones.here.names, 0, 3)
  endpoints = ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sts", "aps-workspaces"]
}

module "kafka" {
  source                    = "../../modules/kafka"
  name                      = var.name
  kind                      = var.kafka
  partitions                = var.partitions
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.subnet_ids
  clients_security_group_id = module.network.services_security_group_id
}

module "lake" {
  source = "../../modules/lake"
  bucket = var.bucket
}

module "observability" {
  source       = "../../modules/observability"
  name         = var.name
  alert_emails = var.alert_emails
}

module "access" {
  source            = "../../modules/access"
  bucket            = module.lake.bucket
  kafka_cluster_arn = module.kafka.arn
  collector = {
    workspace_arn         = module.observability.workspace_arn
    metrics_log_group_arn = module.observability.metrics_log_group.arn
  }
}

module "warehouse" {
  source                    = "../../modules/warehouse"
  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.subnet_ids
  clients_security_group_id = module.network.services_security_group_id
  copy_policy               = module.access.policies["redshift"]
  monthly_rpu_hours         = var.monthly_rpu_hours
}

module "catalog" {
  source     = "../../modules/catalog"
  name       = var.name
  bucket     = module.lake.bucket
  partitions = var.partitions
  first_day  = var.first_day
}

module "registry" {
  source   = "../../modules/registry"
  name     = var.name
  services = module.access.services
  others   = ["collector"] # tasks have no way to the gallery that it comes from
}

module "ci" {
  source          = "../../modules/ci"
  count           = var.ci == null ? 0 : 1
  name            = var.name
  repository      = var.ci.repository
  state_bucket    = var.ci.state_bucket
  repository_arns = module.registry.arns
}

locals {
  # The sizes are measured: docs/deploy.md says by what.
  services = {
    bronze-writer   = { cpu = 512, memory = 1024, max = var.partitions, stage = "bronze" }
    silver-etl      = { cpu = 1024, memory = 2048, max = var.partitions, stage = "silver" }
    gold-aggregator = { cpu = 512, memory = 1024, max = var.partitions, stage = "gold" }
    dq-checker      = { cpu = 512, memory = 2048, max = var.partitions, stage = "dq" }
    redshift-loader = {
      cpu         = 512
      memory      = 1024
      environment = module.warehouse.environment
      secrets     = { SALES_WAREHOUSE_PASSWORD = module.warehouse.loader_secret_arn }
    }
  }
  producer = { producer = { cpu = 256, memory = 512, environment = { SALES_PRODUCER_RATE = tostring(var.producer_rate) } } }
}

module "services" {
  source            = "../../modules/services-ecs"
  name              = var.name
  services          = merge(local.services, var.producer_rate > 0 ? local.producer : {})
  policies          = module.access.policies
  environment       = merge(module.kafka.environment, module.lake.environment, { AWS_REGION = var.region })
  subnet_ids        = module.network.subnet_ids
  security_group_id = module.network.services_security_group_id
  images = {
    prefix    = module.registry.url
    tag       = var.image_tag
    collector = "${module.registry.url}/collector:${var.collector_tag}"
  }
  metrics = {
    remote_write_url = module.observability.remote_write_url
    log_group        = module.observability.metrics_log_group.name
  }
}

output "images" {
  description = "Registry and prefix that images are pushed to."
  value       = module.registry.url
}

output "loader_secret" {
  description = "Secret that takes the loader's password."
  value       = module.warehouse.loader_secret_arn
}

output "cluster" {
  description = "Name of the ECS cluster."
  value       = module.services.cluster
}

output "run_task_network" {
  description = "Network of a job, for aws ecs run-task --network-configuration."
  value       = "awsvpcConfiguration={subnets=[${join(",", module.network.subnet_ids)}],securityGroups=[${module.network.services_security_group_id}]}"
}
