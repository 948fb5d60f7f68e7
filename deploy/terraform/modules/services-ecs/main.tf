# The services on Fargate: for each a role of its own, a task with the service and a collector
# of its metrics, and instances that follow its lag in seconds.

variable "name" {
  description = "Name of the cluster and prefix of all names."
  type        = string
}

variable "services" {
  description = <<-EOT
    The services by name: vCPU units and MiB of a task, the fewest and most instances, the stage by which metrics
    name it (empty: it is not scaled), further environment, and secrets by the name of their variable.
    More instances than partitions have nothing to do.
  EOT
  type = map(object({
    cpu         = number
    memory      = number
    min         = optional(number, 1)
    max         = optional(number, 1)
    stage       = optional(string, "")
    environment = optional(map(string), {})
    secrets     = optional(map(string), {})
  }))
}

variable "policies" {
  description = "IAM policy, as JSON, of each service."
  type        = map(string)
}

variable "environment" {
  description = "Settings of all services."
  type        = map(string)
}

variable "images" {
  description = "Registry and prefix of the services' images, their tag, and the collector's image."
  type        = object({ prefix = string, tag = string, collector = string })
}

variable "architecture" {
  description = "ARM64 or X86_64. Images are for both."
  type        = string
  default     = "ARM64"
}

variable "subnet_ids" {
  description = "Private subnets."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the tasks."
  type        = string
}

variable "metrics" {
  description = "Remote-write URL of the Prometheus workspace, and the name of the log group of CloudWatch's metrics."
  type        = object({ remote_write_url = string, log_group = string })
}

variable "lag" {
  description = "Seconds of lag above which an instance is added, and below which one is taken away after a quarter of an hour."
  type        = object({ high = number, low = number })
  default     = { high = 30, low = 5 }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 30
}

locals {
  scaled = { for name, s in var.services : name => s if s.max > s.min }
  # A task ends its flush, commits and leaves its group within seconds; Fargate allows two minutes.
  stop_seconds = 60
  namespace    = "saleslake/${var.name}"

  collector = yamlencode({
    extensions = { sigv4auth = { region = data.aws_region.here.name, service = "aps" } }
    receivers = { prometheus = { config = {
      global         = { scrape_interval = "15s" }
      scrape_configs = [{ job_name = "saleslake", static_configs = [{ targets = ["localhost:8080"] }] }]
    } } }
    processors = {
      # Prometheus knows a task by its name, as it does a pod; CloudWatch gets the lag alone.
      resourcedetection = { detectors = ["env", "ecs"] }
      "filter/lag"      = { metrics = { include = { match_type = "strict", metric_names = ["sales_stage_lag_seconds"] } } }
    }
    exporters = {
      prometheusremotewrite = {
        endpoint                         = var.metrics.remote_write_url
        auth                             = { authenticator = "sigv4auth" }
        resource_to_telemetry_conversion = { enabled = true }
        external_labels                  = { service = "$${SERVICE}" }
      }
      awsemf = {
        namespace               = local.namespace
        log_group_name          = var.metrics.log_group
        log_stream_name         = "{TaskId}"
        dimension_rollup_option = "NoDimensionRollup"
        metric_declarations     = [{ dimensions = [["stage"]], metric_name_selectors = ["sales_stage_lag_seconds"] }]
      }
    }
    service = {
      extensions = ["sigv4auth"]
      pipelines = {
        metrics       = { receivers = ["prometheus"], processors = ["resourcedetection"], exporters = ["prometheusremotewrite"] }
        "metrics/lag" = { receivers = ["prometheus"], processors = ["filter/lag"], exporters = ["awsemf"] }
      }
    }
  })

  assume_tasks = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

data "aws_region" "here" {}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  # checkov:skip=CKV_AWS_338: for finding faults; what happened to data is in the lake and its ledgers, and log_retention_days may be longer
  for_each          = var.services
  name              = "/saleslake/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
}

# What the service itself may do.
resource "aws_iam_role" "task" {
  for_each           = var.services
  name               = "${var.name}-${each.key}"
  assume_role_policy = local.assume_tasks
}

resource "aws_iam_role_policy" "task" {
  for_each = var.services
  name     = "pipeline"
  role     = aws_iam_role.task[each.key].id
  policy   = var.policies[each.key]
}

# What ECS may do to start it: pull its image, write its log, read its secrets.
resource "aws_iam_role" "execution" {
  for_each           = var.services
  name               = "${var.name}-${each.key}-start"
  assume_role_policy = local.assume_tasks
}

resource "aws_iam_role_policy_attachment" "execution" {
  for_each   = var.services
  role       = aws_iam_role.execution[each.key].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role_policy" "secrets" {
  for_each = { for name, s in var.services : name => values(s.secrets) if length(s.secrets) > 0 }
  name     = "secrets"
  role     = aws_iam_role.execution[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = each.value }]
  })
}

resource "aws_ecs_task_definition" "this" {
  for_each                 = var.services
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  task_role_arn            = aws_iam_role.task[each.key].arn
  execution_role_arn       = aws_iam_role.execution[each.key].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([
    {
      name                   = each.key
      image                  = "${var.images.prefix}/${each.key}:${var.images.tag}"
      essential              = true
      readonlyRootFilesystem = true
      user                   = "65532:65532"
      linuxParameters        = { initProcessEnabled = false, capabilities = { drop = ["ALL"] } }
      mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp" }]
      stopTimeout            = local.stop_seconds
      environment = [for k, v in merge(var.environment, {
        # Three quarters of what the collector leaves: librdkafka and DuckDB are outside of Go's heap.
        GOMEMLIMIT = "${floor((each.value.memory - 128) * 3 / 4)}MiB"
      }, each.value.environment) : { name = k, value = v }]
      secrets     = [for k, arn in each.value.secrets : { name = k, valueFrom = arn }]
      healthCheck = { command = ["CMD", "/app/service", "healthcheck"], interval = 10, timeout = 5, retries = 6, startPeriod = 120 }
      logConfiguration = {
        logDriver = "awslogs"
        options   = { "awslogs-group" = aws_cloudwatch_log_group.this[each.key].name, "awslogs-region" = data.aws_region.here.name, "awslogs-stream-prefix" = "task" }
      }
    },
    {
      name                   = "collector"
      image                  = var.images.collector
      essential              = false
      readonlyRootFilesystem = true
      memory                 = 128
      environment            = [{ name = "AOT_CONFIG_CONTENT", value = local.collector }, { name = "SERVICE", value = each.key }]
      logConfiguration = {
        logDriver = "awslogs"
        options   = { "awslogs-group" = aws_cloudwatch_log_group.this[each.key].name, "awslogs-region" = data.aws_region.here.name, "awslogs-stream-prefix" = "collector" }
      }
    },
  ])
}

resource "aws_ecs_service" "this" {
  for_each               = var.services
  name                   = each.key
  cluster                = aws_ecs_cluster.this.id
  task_definition        = aws_ecs_task_definition.this[each.key].arn
  launch_type            = "FARGATE"
  desired_count          = each.value.min
  enable_execute_command = false
  # Instances are replaced one by one: partitions move to those that stay.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  lifecycle {
    ignore_changes = [desired_count] # the lag decides
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each           = local.scaled
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this[each.key].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = each.value.min
  max_capacity       = each.value.max
}

# Lag does not fall in proportion to instances, so steps, not a target: one more while it is
# high, two when it is four times that, one less when it has been low for long.
resource "aws_appautoscaling_policy" "out" {
  for_each           = local.scaled
  name               = "lag-is-high"
  policy_type        = "StepScaling"
  service_namespace  = "ecs"
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension
  step_scaling_policy_configuration {
    adjustment_type = "ChangeInCapacity"
    cooldown        = 120 # a new instance rebuilds its state first
    step_adjustment {
      metric_interval_lower_bound = 0
      metric_interval_upper_bound = 3 * var.lag.high
      scaling_adjustment          = 1
    }
    step_adjustment {
      metric_interval_lower_bound = 3 * var.lag.high
      scaling_adjustment          = 2
    }
  }
}

resource "aws_appautoscaling_policy" "in" {
  for_each           = local.scaled
  name               = "lag-is-low"
  policy_type        = "StepScaling"
  service_namespace  = "ecs"
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension
  step_scaling_policy_configuration {
    adjustment_type = "ChangeInCapacity"
    cooldown        = 600
    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = -1
    }
  }
}

locals {
  alarms = merge([for name, s in local.scaled : {
    "${name}-out" = { service = name, stage = s.stage, operator = "GreaterThanThreshold", at = var.lag.high, minutes = 3, action = aws_appautoscaling_policy.out[name].arn }
    "${name}-in"  = { service = name, stage = s.stage, operator = "LessThanThreshold", at = var.lag.low, minutes = 15, action = aws_appautoscaling_policy.in[name].arn }
  }]...)
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "Scales ${each.value.service}; nobody is told."
  namespace           = local.namespace
  metric_name         = "sales_stage_lag_seconds"
  dimensions          = { stage = each.value.stage }
  statistic           = "Maximum" # the partition that is furthest behind
  comparison_operator = each.value.operator
  threshold           = each.value.at
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "ignore"
  alarm_actions       = [each.value.action]
}

output "cluster" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.this.name
}
