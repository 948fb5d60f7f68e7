# ECR: a repository for each service. Tags never move; images that no tag names, and all but
# the newest thirty, go.

variable "name" {
  description = "Prefix of the repositories."
  type        = string
}

variable "services" {
  description = "Names of the services."
  type        = set(string)
}

resource "aws_ecr_repository" "this" {
  for_each             = var.services
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

# Images of ECR's public gallery, such as the collector's, without a way to the internet.
resource "aws_ecr_pull_through_cache_rule" "public" {
  ecr_repository_prefix = "${var.name}-public"
  upstream_registry_url = "public.ecr.aws"
}

data "aws_caller_identity" "this" {}
data "aws_region" "here" {}

output "url" {
  description = "Registry and prefix of the services' images, and of those of the public gallery."
  value = {
    services = "${data.aws_caller_identity.this.account_id}.dkr.ecr.${data.aws_region.here.name}.amazonaws.com/${var.name}"
    public   = "${data.aws_caller_identity.this.account_id}.dkr.ecr.${data.aws_region.here.name}.amazonaws.com/${var.name}-public"
  }
}

output "arns" {
  description = "ARNs of the repositories."
  value       = [for r in aws_ecr_repository.this : r.arn]
}
