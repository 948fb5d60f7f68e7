# The roles of the workflows in .github, which log in by OIDC and have no keys: `push` is for
# tags only, `plan` for pull requests, and reads.

variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "repository" {
  description = "owner/name on GitHub."
  type        = string
}

variable "repository_arns" {
  description = "ARNs of the ECR repositories that images are pushed to."
  type        = list(string)
}

variable "state_bucket" {
  description = "Bucket of Terraform's state, which a plan reads."
  type        = string
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  issuer = "token.actions.githubusercontent.com"
  may = {
    push = "repo:${var.repository}:ref:refs/tags/v*"
    plan = "repo:${var.repository}:pull_request"
  }
}

resource "aws_iam_role" "this" {
  for_each = local.may
  name     = "${var.name}-ci-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = {
        StringEquals = { "${local.issuer}:aud" = "sts.amazonaws.com" }
        StringLike   = { "${local.issuer}:sub" = each.value }
      }
    }]
  })
}

resource "aws_iam_role_policy" "push" {
  name = "ecr"
  role = aws_iam_role.this["push"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
      {
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
          "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = var.repository_arns
      },
    ]
  })
}

# A plan reads the settings of everything, and no data: neither policy has s3:GetObject, which
# only the state's bucket gives.
resource "aws_iam_role_policy_attachment" "plan" {
  for_each   = toset(["SecurityAudit", "job-function/ViewOnlyAccess"])
  role       = aws_iam_role.this["plan"].name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_iam_role_policy" "state" {
  name = "state"
  role = aws_iam_role.this["plan"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::${var.state_bucket}" },
      { Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::${var.state_bucket}/*" },
    ]
  })
}

output "role_arns" {
  description = "ARNs of the roles push and plan."
  value       = { for k, r in aws_iam_role.this : k => r.arn }
}
