# A plan of the whole, without an account: the provider is mocked, and what AWS would answer
# is made up.

mock_provider "aws" {
  override_during = plan
}

override_data {
  target          = data.aws_availability_zones.here
  override_during = plan
  values          = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
}

override_resource {
  target          = module.warehouse.aws_redshiftserverless_workgroup.this
  override_during = plan
  values          = { endpoint = [{ address = "warehouse.example" }] }
}

override_resource {
  target          = aws_eks_cluster.this
  override_during = plan
  values          = { vpc_config = { cluster_security_group_id = "sg-1" } }
}

variables {
  region            = "eu-west-1"
  bucket            = "the-lake"
  first_day         = "2026-01-01"
  monthly_rpu_hours = 100
  admin_cidrs       = ["192.0.2.0/24"]
}

run "serverless" {
  command = plan
}
