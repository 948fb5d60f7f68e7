# The whole pipeline on EKS: what the chart in deploy/helm needs. docs/deploy.md follows it step by step.

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
    key          = "saleslake-eks.tfstate"
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

variable "first_day" {
  description = "Day of the first orders, YYYY-MM-DD."
  type        = string
}

variable "monthly_rpu_hours" {
  description = "RPU hours of Redshift a month after which queries are refused."
  type        = number
}

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
  default     = "1.33"
}

variable "admin_cidrs" {
  description = "Networks from which kubectl and helm reach the cluster."
  type        = list(string)
  validation {
    condition     = !contains(var.admin_cidrs, "0.0.0.0/0")
    error_message = "admin_cidrs is your own networks, not the whole internet."
  }
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
  endpoints = ["ecr.api", "ecr.dkr", "sts"]
  nat       = true # KEDA, Prometheus and the cluster's own images
}

module "kafka" {
  source                    = "../../modules/kafka"
  name                      = var.name
  kind                      = var.kafka
  partitions                = var.partitions
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.subnet_ids
  clients_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

module "lake" {
  source = "../../modules/lake"
  bucket = var.bucket
}

module "access" {
  source            = "../../modules/access"
  bucket            = module.lake.bucket
  kafka_cluster_arn = module.kafka.arn
}

module "warehouse" {
  source                    = "../../modules/warehouse"
  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.subnet_ids
  clients_security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
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
}

module "ci" {
  source          = "../../modules/ci"
  count           = var.ci == null ? 0 : 1
  name            = var.name
  repository      = var.ci.repository
  state_bucket    = var.ci.state_bucket
  repository_arns = module.registry.arns
}

# Auto Mode brings nodes, the network's and the disks' drivers, and the agent of Pod Identity.
resource "aws_eks_cluster" "this" {
  # checkov:skip=CKV_AWS_38: admin_cidrs has no default, and refuses the whole internet
  # checkov:skip=CKV_AWS_39: kubectl and helm come from admin_cidrs; the network itself has no way in
  # checkov:skip=CKV_AWS_58: EKS encrypts all that its API stores, by a key of AWS's, from Kubernetes 1.28 on
  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = aws_iam_role.eks["cluster"].arn
  bootstrap_self_managed_addons = false
  enabled_cluster_log_types     = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }
  compute_config {
    enabled       = true
    node_pools    = ["general-purpose", "system"]
    node_role_arn = aws_iam_role.eks["node"].arn
  }
  kubernetes_network_config {
    elastic_load_balancing {
      enabled = true
    }
  }
  storage_config {
    block_storage {
      enabled = true
    }
  }
  vpc_config {
    subnet_ids              = module.network.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = true
    public_access_cidrs     = var.admin_cidrs
  }
  depends_on = [aws_iam_role_policy_attachment.eks]
}

locals {
  eks = {
    cluster = {
      principal = "eks.amazonaws.com"
      policies  = ["AmazonEKSClusterPolicy", "AmazonEKSComputePolicy", "AmazonEKSBlockStoragePolicy", "AmazonEKSLoadBalancingPolicy", "AmazonEKSNetworkingPolicy"]
    }
    node = {
      principal = "ec2.amazonaws.com"
      policies  = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"]
    }
  }
}

resource "aws_iam_role" "eks" {
  for_each = local.eks
  name     = "${var.name}-eks-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = each.key == "cluster" ? ["sts:AssumeRole", "sts:TagSession"] : ["sts:AssumeRole"]
      Principal = { Service = each.value.principal }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "eks" {
  for_each   = merge([for role, r in local.eks : { for p in r.policies : "${role}-${p}" => { role = role, policy = p } }]...)
  role       = aws_iam_role.eks[each.value.role].name
  policy_arn = "arn:aws:iam::aws:policy/${each.value.policy}"
}

module "identity" {
  source   = "../../modules/eks-identity"
  cluster  = aws_eks_cluster.this.name
  policies = { for service in module.access.services : service => module.access.policies[service] }
}

output "images" {
  description = "Registry and prefix that images are pushed to."
  value       = module.registry.url
}

output "loader_secret" {
  description = "Secret that takes the loader's password."
  value       = module.warehouse.loader_secret_arn
}

output "values" {
  description = "Values of the chart: terraform output -raw values > values-aws.yaml"
  value = yamlencode({
    image       = { prefix = module.registry.url }
    environment = merge(module.kafka.environment, module.lake.environment, { AWS_REGION = var.region })
    services    = { redshift-loader = { environment = module.warehouse.environment } }
  })
}
