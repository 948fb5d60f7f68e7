# Amazon MSK. Clients log in by IAM, over TLS, on port 9098. Topics are made by the services
# that need them, with the settings that they rest on (pkg/stream/topics.go): compaction, no
# retention by time, the broker's time, records of up to 8 MiB.

variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "kind" {
  description = "serverless (nothing to size) or provisioned (brokers of your own; cheaper under steady load)."
  type        = string
  validation {
    condition     = contains(["serverless", "provisioned"], var.kind)
    error_message = "kind is serverless or provisioned."
  }
}

variable "partitions" {
  description = "lake.partitions: fixed when the lake is made. MSK Serverless takes 120 partitions of compacted topics; the pipeline has five such topics with this many and one with one."
  type        = number
  validation {
    condition     = var.partitions >= 1 && var.partitions <= (var.kind == "serverless" ? 23 : 999)
    error_message = "partitions is 1 to 999, and at most 23 on MSK Serverless: 5 × 23 + 1 ≤ 120."
  }
}

variable "vpc_id" {
  description = "Network of the brokers."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one for each zone; a provisioned cluster has one broker in each."
  type        = list(string)
}

variable "clients_security_group_id" {
  description = "Security group that may reach the brokers."
  type        = string
}

variable "broker" {
  description = "Of a provisioned cluster: version of Kafka, type of instance, GiB of each broker's volume."
  type        = object({ version = string, instance_type = string, volume_gib = number })
  default     = { version = "3.8.x", instance_type = "kafka.m7g.large", volume_gib = 200 }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-kafka"
  description = "Brokers of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.this.id
  description                  = "Kafka by IAM from the services"
  referenced_security_group_id = var.clients_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 9098
  to_port                      = 9098
}

# Topics are the truth: a plan that would make a cluster anew is refused.
resource "aws_msk_serverless_cluster" "this" {
  count        = var.kind == "serverless" ? 1 : 0
  cluster_name = var.name
  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }
  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_msk_configuration" "this" {
  count          = var.kind == "provisioned" ? 1 : 0
  name           = var.name
  kafka_versions = [var.broker.version]
  # message.max.bytes: events over 1 MiB are to be rejected by the pipeline, not by the broker.
  server_properties = <<-EOT
    auto.create.topics.enable=false
    default.replication.factor=3
    min.insync.replicas=2
    message.max.bytes=8388608
    replica.fetch.max.bytes=8388608
    unclean.leader.election.enable=false
  EOT
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  # checkov:skip=CKV_AWS_338: for finding faults of brokers, not a record of who did what
  count             = var.kind == "provisioned" ? 1 : 0
  name              = "/saleslake/${var.name}/kafka"
  retention_in_days = 30
}

resource "aws_msk_cluster" "this" {
  count                  = var.kind == "provisioned" ? 1 : 0
  cluster_name           = var.name
  kafka_version          = var.broker.version
  number_of_broker_nodes = length(var.subnet_ids)
  enhanced_monitoring    = "PER_TOPIC_PER_BROKER"

  broker_node_group_info {
    instance_type   = var.broker.instance_type
    client_subnets  = var.subnet_ids
    security_groups = [aws_security_group.this.id]
    storage_info {
      ebs_storage_info {
        volume_size = var.broker.volume_gib
      }
    }
  }
  client_authentication {
    unauthenticated = false
    sasl {
      iam = true
    }
  }
  encryption_info {
    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }
  configuration_info {
    arn      = aws_msk_configuration.this[0].arn
    revision = aws_msk_configuration.this[0].latest_revision
  }
  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.this[0].name
      }
    }
  }
  lifecycle {
    prevent_destroy = true
  }
}

# The brokers of a serverless cluster are not an attribute of it.
data "aws_msk_bootstrap_brokers" "this" {
  cluster_arn = local.arn
}

locals {
  arn = var.kind == "serverless" ? aws_msk_serverless_cluster.this[0].arn : aws_msk_cluster.this[0].arn
}

output "arn" {
  description = "ARN of the cluster."
  value       = local.arn
}

output "environment" {
  description = "Settings with which services reach the cluster."
  value = {
    SALES_KAFKA_BROKERS           = data.aws_msk_bootstrap_brokers.this.bootstrap_brokers_sasl_iam
    SALES_KAFKA_SECURITY_PROTOCOL = "sasl_ssl"
    SALES_KAFKA_SASL_MECHANISM    = "aws-msk-iam"
    SALES_KAFKA_REPLICATION       = "3"
    SALES_LAKE_PARTITIONS         = tostring(var.partitions)
  }
}
