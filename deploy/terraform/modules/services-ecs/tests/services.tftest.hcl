mock_provider "aws" {}

variables {
  name              = "saleslake"
  policies          = { silver-etl = "{}", redshift-loader = "{}" }
  environment       = { SALES_LAKE_URL = "s3://the-lake" }
  images            = { prefix = "registry/saleslake", tag = "v0.0.0", collector = "collector" }
  subnet_ids        = ["subnet-a"]
  security_group_id = "sg-1"
  metrics           = { remote_write_url = "https://metrics/", log_group = "metrics" }
  services = {
    silver-etl      = { cpu = 1024, memory = 2048, max = 12, stage = "silver" }
    redshift-loader = { cpu = 512, memory = 1024, secrets = { SALES_WAREHOUSE_PASSWORD = "arn:secret" } }
  }
}

run "services" {
  assert {
    condition     = alltrue(flatten([for t in aws_ecs_task_definition.this : [for c in jsondecode(t.container_definitions) : c.readonlyRootFilesystem]]))
    error_message = "a container's file system can be written"
  }
  assert {
    condition     = alltrue([for t in aws_ecs_task_definition.this : jsondecode(t.container_definitions)[0].user == "65532:65532"])
    error_message = "a service runs as root"
  }
  assert {
    condition     = alltrue([for t in aws_ecs_task_definition.this : jsondecode(t.container_definitions)[0].stopTimeout >= 40])
    error_message = "a service is killed while it drains: docker-compose.yml gives it 40 s"
  }
  assert {
    condition     = alltrue(flatten([for t in aws_ecs_task_definition.this : [for e in jsondecode(t.container_definitions)[0].environment : !strcontains(e.name, "PASSWORD")]]))
    error_message = "a password is in the environment instead of among the secrets"
  }
  assert {
    condition     = keys(aws_appautoscaling_target.this) == ["silver-etl"] && length(aws_cloudwatch_metric_alarm.lag) == 2
    error_message = "what has more than one instance is scaled by its lag, and nothing else"
  }
  assert {
    condition     = keys(aws_iam_role_policy.secrets) == ["redshift-loader"]
    error_message = "only what has secrets may read them"
  }
}
