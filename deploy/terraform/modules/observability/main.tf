# Managed Prometheus with the repository's own alert rules, told by an SNS topic, and the log
# group through which the lag reaches CloudWatch on ECS.

variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "alert_emails" {
  description = "Addresses that are told of alerts; each has to confirm."
  type        = set(string)
  default     = []
}

data "aws_region" "here" {}
data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
}

resource "aws_prometheus_workspace" "this" {
  alias = var.name
}

resource "aws_prometheus_rule_group_namespace" "this" {
  for_each     = fileset("${path.module}/../../../prometheus/rules", "*.yml")
  name         = trimsuffix(each.key, ".yml")
  workspace_id = aws_prometheus_workspace.this.id
  data         = file("${path.module}/../../../prometheus/rules/${each.key}")
}

# The topic's key is its own: the policy of AWS's key for SNS does not let Prometheus in.
resource "aws_kms_key" "alerts" {
  description         = "Alerts of ${var.name}"
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" },
      {
        Effect    = "Allow"
        Principal = { Service = "aps.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_sns_topic" "alerts" {
  name              = "${var.name}-alerts"
  kms_master_key_id = aws_kms_key.alerts.arn
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "aps.amazonaws.com" }
      Action    = ["sns:Publish", "sns:GetTopicAttributes"]
      Resource  = aws_sns_topic.alerts.arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_prometheus_workspace.this.arn }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "alerts" {
  for_each  = var.alert_emails
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.key
}

# Routes and inhibitions are those of deploy/alertmanager, whose receivers need secrets; this
# one knows SNS only.
resource "aws_prometheus_alert_manager_definition" "this" {
  workspace_id = aws_prometheus_workspace.this.id
  definition = yamlencode({
    alertmanager_config = yamlencode({
      route         = { receiver = "sns", group_by = ["table"], group_wait = "30s", group_interval = "5m", repeat_interval = "12h" }
      inhibit_rules = yamldecode(file("${path.module}/../../../alertmanager/local.yml")).inhibit_rules
      receivers = [{ name = "sns", sns_configs = [{
        topic_arn = aws_sns_topic.alerts.arn
        sigv4     = { region = data.aws_region.here.name }
      }] }]
    })
  })
}

resource "aws_cloudwatch_log_group" "metrics" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  # checkov:skip=CKV_AWS_338: CloudWatch makes metrics of it at once, and keeps those itself
  name              = "/saleslake/${var.name}/metrics"
  retention_in_days = 1 # CloudWatch keeps the metrics themselves
}

output "workspace_arn" {
  description = "ARN of the Prometheus workspace."
  value       = aws_prometheus_workspace.this.arn
}

output "remote_write_url" {
  description = "Where metrics are sent."
  value       = "${aws_prometheus_workspace.this.prometheus_endpoint}api/v1/remote_write"
}

output "query_url" {
  description = "Where they are asked for, with requests that are signed."
  value       = aws_prometheus_workspace.this.prometheus_endpoint
}

output "metrics_log_group" {
  description = "Name and ARN of the log group of CloudWatch's metrics."
  value       = { name = aws_cloudwatch_log_group.metrics.name, arn = aws_cloudwatch_log_group.metrics.arn }
}
