# ECR: a repository for each service, and for what else runs beside them. Tags never move; images that no tag names, and all but
# the newest thirty, go.

variable "name" {
  description = "Prefix of the repositories."
  type        = string
}

variable "services" {
  description = "Names of the services."
  type        = set(string)
}

variable "others" {
  description = "Names of repositories for images that are copied from elsewhere."
  type        = set(string)
  default     = []
}

resource "aws_ecr_repository" "this" {
  # checkov:skip=CKV_AWS_136: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  for_each             = setunion(var.services, var.others)
  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "keep the newest 30"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 30 }
      action       = { type = "expire" }
    }]
  })
}

data "aws_caller_identity" "this" {}
data "aws_region" "here" {}

output "url" {
  description = "Registry and prefix of the images."
  value       = "${data.aws_caller_identity.this.account_id}.dkr.ecr.${data.aws_region.here.name}.amazonaws.com/${var.name}"
}

output "arns" {
  description = "ARNs of the services' repositories."
  value       = [for s in var.services : aws_ecr_repository.this[s].arn]
}
