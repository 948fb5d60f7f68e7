# EKS Pod Identity: each service's pods get the role of their service account, by the agent
# that EKS Auto Mode brings (or the add-on eks-pod-identity-agent).

variable "cluster" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the services."
  type        = string
  default     = "saleslake"
}

variable "policies" {
  description = "IAM policy, as JSON, of each service; the service account has the service's name."
  type        = map(string)
}

resource "aws_iam_role" "this" {
  for_each = var.policies
  name     = "${var.cluster}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Principal = { Service = "pods.eks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = var.policies
  name     = "pipeline"
  role     = aws_iam_role.this[each.key].id
  policy   = each.value
}

resource "aws_eks_pod_identity_association" "this" {
  for_each        = var.policies
  cluster_name    = var.cluster
  namespace       = var.namespace
  service_account = each.key
  role_arn        = aws_iam_role.this[each.key].arn
}
