mock_provider "aws" {
  override_during = plan
}

variables {
  name                      = "saleslake"
  vpc_id                    = "vpc-1"
  subnet_ids                = ["subnet-a", "subnet-b", "subnet-c"]
  clients_security_group_id = "sg-1"
  kind                      = "serverless"
  partitions                = 23
}

run "serverless" {
  command = plan
  assert {
    condition     = output.environment.SALES_LAKE_PARTITIONS == "23"
    error_message = "services and topics must have the same number of partitions"
  }
}

run "too_many_partitions_for_serverless" {
  command = plan
  variables {
    partitions = 24
  }
  expect_failures = [var.partitions]
}

run "provisioned" {
  command = plan
  variables {
    kind       = "provisioned"
    partitions = 48
  }
  assert {
    condition     = alltrue([for e in aws_msk_cluster.this[0].encryption_info : alltrue([for t in e.encryption_in_transit : t.client_broker == "TLS"])])
    error_message = "clients must not reach the brokers without TLS"
  }
  assert {
    condition     = !aws_msk_cluster.this[0].client_authentication[0].unauthenticated && aws_msk_cluster.this[0].client_authentication[0].sasl[0].iam
    error_message = "clients log in by IAM"
  }
}
