# Redshift Serverless, the role with which COPY reads the lake, and the place of the loader's
# password. The database user is made by hand (docs/deploy.md): Terraform's state must not know the password.

variable "name" {
  description = "Name of the namespace and of the workgroup."
  type        = string
}

variable "vpc_id" {
  description = "Network of the workgroup."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in three zones."
  type        = list(string)
}

variable "clients_security_group_id" {
  description = "Security group that may reach the database."
  type        = string
}

variable "copy_policy" {
  description = "IAM policy, as JSON, of the role that COPY takes."
  type        = string
}

variable "capacity" {
  description = "RPU to start from and at most. 8 is the least."
  type        = object({ base = number, max = number })
  default     = { base = 8, max = 32 }
}

variable "monthly_rpu_hours" {
  description = "RPU hours a month after which queries are refused."
  type        = number
}

variable "load_every" {
  description = "How often loads begin. Each wake-up bills a minute; the alert rules are for 1s: docs/deploy.md says what to change in them."
  type        = string
  default     = "15m"
}

resource "aws_iam_role" "copy" {
  name = "${var.name}-redshift-copy"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["redshift-serverless.amazonaws.com", "redshift.amazonaws.com"] }
    }]
  })
}

resource "aws_iam_role_policy" "copy" {
  name   = "lake"
  role   = aws_iam_role.copy.id
  policy = var.copy_policy
}

resource "aws_redshiftserverless_namespace" "this" {
  # checkov:skip=CKV_AWS_282: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  namespace_name        = var.name
  db_name               = "sales"
  manage_admin_password = true
  default_iam_role_arn  = aws_iam_role.copy.arn
  iam_roles             = [aws_iam_role.copy.arn]
  log_exports           = ["userlog", "connectionlog"]
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-warehouse"
  description = "Redshift Serverless of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  security_group_id            = aws_security_group.this.id
  description                  = "The loader"
  referenced_security_group_id = var.clients_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5439
  to_port                      = 5439
}

resource "aws_redshiftserverless_workgroup" "this" {
  namespace_name       = aws_redshiftserverless_namespace.this.namespace_name
  workgroup_name       = var.name
  base_capacity        = var.capacity.base
  max_capacity         = var.capacity.max
  subnet_ids           = var.subnet_ids
  security_group_ids   = [aws_security_group.this.id]
  publicly_accessible  = false
  enhanced_vpc_routing = true
  config_parameter {
    parameter_key   = "require_ssl"
    parameter_value = "true"
  }
}

resource "aws_redshiftserverless_usage_limit" "this" {
  resource_arn  = aws_redshiftserverless_workgroup.this.arn
  usage_type    = "serverless-compute"
  period        = "monthly"
  amount        = var.monthly_rpu_hours
  breach_action = "deactivate"
}

resource "aws_secretsmanager_secret" "loader" {
  # checkov:skip=CKV_AWS_149: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  # checkov:skip=CKV2_AWS_57: the loader reads the password when it starts, so whoever changes it restarts the loader (docs/security.md, Secrets)
  name        = "${var.name}/redshift-loader"
  description = "Password of the database user loader. Its value is put in by hand."
}

output "loader_secret_arn" {
  description = "ARN of the secret that holds the loader's password."
  value       = aws_secretsmanager_secret.loader.arn
}

output "environment" {
  description = "Settings with which redshift-loader reaches the warehouse; the password is not among them."
  value = {
    SALES_WAREHOUSE_DSN        = "redshift://loader@${aws_redshiftserverless_workgroup.this.endpoint[0].address}:5439/sales"
    SALES_WAREHOUSE_IAM_ROLE   = aws_iam_role.copy.arn
    SALES_WAREHOUSE_LOAD_EVERY = var.load_every
  }
}
