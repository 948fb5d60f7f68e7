# A network with no way in: services, brokers and warehouse are in private subnets, and reach
# AWS by endpoints. S3's is free, which matters most: all data goes by it.

variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network; it is cut into subnets of 1/16 each."
  type        = string
  default     = "10.40.0.0/16"
}

variable "zones" {
  description = "Availability zones: three for MSK and for Redshift Serverless."
  type        = list(string)
}

variable "nat" {
  description = "Let private subnets reach the internet, by one NAT gateway: for images from registries other than ECR, as those of KEDA."
  type        = bool
  default     = false
}

variable "endpoints" {
  description = "AWS services that are reached by an interface endpoint."
  type        = set(string)
}

data "aws_region" "here" {}
data "aws_caller_identity" "this" {}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# Nobody uses the group that comes with a network, so it lets nothing through.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

# What was refused: a rule is missing, or somebody tries doors.
resource "aws_flow_log" "refused" {
  vpc_id          = aws_vpc.this.id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.flow.arn
  iam_role_arn    = aws_iam_role.flow.arn
}

resource "aws_cloudwatch_log_group" "flow" {
  # checkov:skip=CKV_AWS_158: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  name              = "/saleslake/${var.name}/network"
  retention_in_days = 365
}

resource "aws_iam_role" "flow" {
  name = "${var.name}-flow-log"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "flow" {
  name = "log"
  role = aws_iam_role.flow.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.flow.arn}:*"
    }]
  })
}

resource "aws_subnet" "private" {
  count             = length(var.zones)
  vpc_id            = aws_vpc.this.id
  availability_zone = var.zones[count.index]
  cidr_block        = cidrsubnet(var.cidr, 4, count.index)
  tags              = { Name = "${var.name}-private-${var.zones[count.index]}", "kubernetes.io/role/internal-elb" = "1" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count          = length(var.zones)
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.here.name}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "HTTPS from the network to AWS"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from within"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_endpoint" "interface" {
  for_each            = var.endpoints
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.here.name}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints.id]
}

# The way out, where it is wanted.
resource "aws_internet_gateway" "this" {
  count  = var.nat ? 1 : 0
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "public" {
  count             = var.nat ? 1 : 0
  vpc_id            = aws_vpc.this.id
  availability_zone = var.zones[0]
  cidr_block        = cidrsubnet(var.cidr, 4, 15)
  tags              = { Name = "${var.name}-public" }
}

resource "aws_route_table" "public" {
  count  = var.nat ? 1 : 0
  vpc_id = aws_vpc.this.id
}

resource "aws_route" "out" {
  count                  = var.nat ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count          = var.nat ? 1 : 0
  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  count  = var.nat ? 1 : 0
  domain = "vpc"
}

resource "aws_nat_gateway" "this" {
  count         = var.nat ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id
}

resource "aws_route" "nat" {
  count                  = var.nat ? 1 : 0
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

# The group of whatever runs the services. It goes out; who may be reached decides each target.
resource "aws_security_group" "services" {
  # checkov:skip=CKV2_AWS_5: what runs the services takes it, in another module
  name        = "${var.name}-services"
  description = "The pipeline's services"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "services" {
  security_group_id = aws_security_group.services.id
  description       = "Out; who may be reached, the targets decide"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

output "vpc_id" {
  description = "Id of the network."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Ids of the private subnets, one for each zone."
  value       = aws_subnet.private[*].id
}

output "services_security_group_id" {
  description = "Id of the security group that services run in; brokers and warehouse let it in."
  value       = aws_security_group.services.id
}
