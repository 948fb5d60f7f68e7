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

variables {
  region            = "eu-west-1"
  bucket            = "the-lake"
  image_tag         = "v0.0.0"
  collector_tag     = "v0.0.0"
  first_day         = "2026-01-01"
  monthly_rpu_hours = 100
  producer_rate     = 100
}

run "serverless" {
  command = plan
}

run "provisioned" {
  command = plan
  variables {
    kafka      = "provisioned"
    partitions = 48
  }
}
