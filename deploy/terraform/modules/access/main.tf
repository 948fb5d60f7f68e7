# What each service may do, once: the roles of ECS and EKS take `policies`, docs/iam.md
# shows `table`. There are no resources here, so that both can be made without an account.
#
# A resource is written as kind:name. Kinds are s3 (a key of the lake's bucket), topic, group
# and transaction (of the Kafka cluster); bucket, cluster, workspace and metrics stand alone.

variable "bucket" {
  description = "Name of the lake's bucket."
  type        = string
  default     = "BUCKET"
}

variable "kafka_cluster_arn" {
  description = "ARN of the MSK cluster."
  type        = string
  default     = "arn:aws:kafka:REGION:ACCOUNT:cluster/NAME/UUID"
}

variable "collector" {
  description = "Where the collector beside each service on ECS sends metrics: the ARN of the Prometheus workspace and of the log group of CloudWatch's metrics. Null on EKS, which scrapes."
  type        = object({ workspace_arn = string, metrics_log_group_arn = string })
  default     = null
}

locals {
  get    = ["s3:GetObject"]
  put    = ["s3:PutObject"]
  delete = ["s3:DeleteObject"]

  ensure  = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"]
  read    = ["kafka-cluster:ReadData"]
  write   = ["kafka-cluster:WriteData"]
  join    = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
  produce = ["kafka-cluster:AlterTransactionalId", "kafka-cluster:DescribeTransactionalId"]

  # What all but the producer do when they start and when they list.
  lake = [
    { actions = ["s3:ListBucket"], on = ["bucket"], why = "list prefixes; and S3 says that an object is gone (404) only to those who may list, to others that it is denied" },
    { actions = concat(local.get, local.put, local.delete), on = ["s3:_probe/*"], why = "at the start: does the bucket keep If-None-Match?" },
    { actions = concat(local.get, local.put), on = ["s3:_schemas/lake.json"], why = "the number of partitions that the lake was made with" },
  ]

  commands = [
    { actions = concat(local.ensure, local.read, local.write), on = ["topic:lake.control"], why = "commands to the writers of slices: read by services, issued by the commands of the same image" },
    { actions = local.produce, on = ["transaction:control-*"], why = "each command is a transaction of its own" },
  ]

  # Who reads a topic without joining names a group all the same, and MSK wants the same rights on it.
  read_all = { actions = local.join, on = ["group:reader-without-group"], why = "reads topics from their start, by a consumer that joins no group" }

  # The ends of a topic and the member of a group are part of reading it.
  services = {
    producer = [
      { actions = concat(local.ensure, local.write), on = ["topic:sales_events", "topic:customer_updates"], why = "sends events" },
    ]

    bronze-writer = concat(local.lake, local.commands, [
      { actions = concat(local.ensure, local.read, local.write), on = ["topic:sales_events", "topic:customer_updates"], why = "reads events; `quarantine replay` sends repaired ones" },
      { actions = concat(local.ensure, local.write), on = ["topic:sales_events.dlq", "topic:customer_updates.dlq"], why = "dead letters" },
      { actions = concat(local.ensure, local.read, local.write), on = ["topic:lake.bronze"], why = "publishes manifests and ledgers, and reads what it published" },
      { actions = concat(local.ensure, local.read), on = ["topic:lake.silver"], why = "`quarantine` shows what silver made of a replay" },
      { actions = local.join, on = ["group:bronze-writer"], why = "its consumer group; `resync` sets its offsets" },
      local.read_all,
      { actions = local.produce, on = ["transaction:*"], why = "bronze-writer-INSTANCE, bronze-writer-resync, quarantine-replay, and for `ingest` the hash of the file's content, which has no prefix" },
      { actions = local.get, on = ["s3:bronze/*", "s3:quarantine/*", "s3:inbox/*"], why = "adopts files after a crash; lists and replays rejects; ingests files" },
      { actions = local.put, on = ["s3:bronze/*", "s3:quarantine/*/bronze/*"], why = "lands events and rejects. No delete: a bronze object is never replaced" },
      { actions = concat(local.get, local.put), on = ["s3:_manifests/bronze/*", "s3:_manifests/ledgers/bronze/*", "s3:_manifests/commits/bronze-writer/*", "s3:_manifests/control.json", "s3:_schemas/bronze/*"], why = "copies of what it published, for `resync`; the schemas of its tables" },
    ])

    silver-etl = concat(local.lake, local.commands, [
      { actions = concat(local.ensure, local.read), on = ["topic:lake.bronze"], why = "reads bronze's manifests" },
      { actions = concat(local.ensure, local.read, local.write), on = ["topic:lake.silver"], why = "publishes manifests and ledgers, and rebuilds its state from them" },
      { actions = local.join, on = ["group:silver-etl", "group:silver-etl-customers"], why = "its consumer groups, of orders and of customers" },
      local.read_all,
      { actions = local.produce, on = ["transaction:silver-etl-*"], why = "one commit is one transaction" },
      { actions = local.get, on = ["s3:bronze/*", "s3:silver/*", "s3:quarantine/*"], why = "reads what bronze landed, and its own files and rejects again" },
      { actions = concat(local.put, local.delete), on = ["s3:silver/*", "s3:quarantine/*/silver/*"], why = "writes rows and rejects; deletes files that it replaced" },
      { actions = concat(local.get, local.put), on = ["s3:_manifests/silver/*", "s3:_manifests/ledgers/silver/*", "s3:_manifests/done/*", "s3:_manifests/commits/silver-etl*", "s3:_schemas/*"], why = "copies of what it published, for `resync`; the schemas of bronze and silver" },
    ])

    gold-aggregator = concat(local.lake, local.commands, [
      { actions = concat(local.ensure, local.read), on = ["topic:lake.silver"], why = "reads silver's manifests" },
      { actions = concat(local.ensure, local.read, local.write), on = ["topic:lake.gold"], why = "publishes manifests, and reads the days' versions" },
      { actions = local.join, on = ["group:gold-aggregator"], why = "its consumer group" },
      local.read_all,
      { actions = local.produce, on = ["transaction:gold-aggregator-*"], why = "one commit is one transaction" },
      { actions = local.get, on = ["s3:silver/*", "s3:gold/*"], why = "aggregates silver's rows; compares with what it published" },
      { actions = concat(local.put, local.delete), on = ["s3:gold/*"], why = "writes aggregates; deletes files that it replaced" },
      { actions = concat(local.get, local.put), on = ["s3:_manifests/gold/*", "s3:_manifests/done/*", "s3:_manifests/commits/gold-aggregator/*"], why = "copies of what it published, for `resync`" },
    ])

    dq-checker = concat(local.lake, local.commands, [
      { actions = concat(local.ensure, local.read), on = ["topic:lake.bronze", "topic:lake.silver", "topic:lake.gold", "topic:lake.loads"], why = "reads manifests and ledgers of every hop" },
      { actions = concat(local.ensure, local.read, local.write), on = ["topic:lake.verdicts"], why = "publishes verdicts, and reads what passed" },
      { actions = local.join, on = ["group:dq-checker"], why = "its consumer group" },
      local.read_all,
      { actions = local.produce, on = ["transaction:dq-checker-*"], why = "one commit is one transaction" },
      { actions = local.get, on = ["s3:bronze/*", "s3:silver/*", "s3:gold/*", "s3:dq/*"], why = "reads every file again; bronze's where a ledger does not balance" },
      { actions = concat(local.put, local.delete), on = ["s3:dq/*"], why = "keeps results, ledgers and samples, and merges small files of them" },
    ])

    redshift-loader = concat(local.lake, [
      { actions = concat(local.ensure, local.read), on = ["topic:lake.verdicts"], why = "reads what passed" },
      { actions = concat(local.ensure, local.write), on = ["topic:lake.loads"], why = "publishes what the warehouse holds" },
      { actions = local.join, on = ["group:redshift-loader"], why = "its consumer group" },
      local.read_all,
      { actions = local.produce, on = ["transaction:redshift-loader-*"], why = "one commit is one transaction" },
      { actions = local.get, on = ["s3:silver/*", "s3:gold/*"], why = "compares files with their manifests before COPY reads them" },
      { actions = concat(local.get, local.put, local.delete), on = ["s3:_redshift/*"], why = "manifests of COPY, and copies of files that COPY cannot take as they are" },
    ])
  }

  kafka = [
    { actions = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"], on = ["cluster"], why = "log in; the cluster's id is in manifests; all producers are idempotent" },
  ]

  collecting = var.collector == null ? [] : [
    { actions = ["aps:RemoteWrite"], on = ["workspace"], why = "on ECS, the collector beside the service: metrics to Prometheus" },
    { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], on = ["metrics"], why = "on ECS, the same: the lag to CloudWatch, which scales the service" },
  ]

  # COPY reads with a role of its own.
  redshift = [
    { actions = ["s3:ListBucket"], on = ["bucket"], why = "COPY, to tell a file that is gone from one that is denied" },
    { actions = local.get, on = ["s3:silver/*", "s3:gold/*", "s3:_redshift/*"], why = "COPY reads the facts, the aggregates and its manifests" },
  ]

  statements = merge(
    { for service, own in local.services : service => concat(local.kafka, own, local.collecting) },
    { redshift = local.redshift },
  )

  of_cluster = { for kind in ["topic", "group", "transactional-id"] : kind => replace(var.kafka_cluster_arn, ":cluster/", ":${kind}/") }
  arns = {
    bucket      = "arn:aws:s3:::${var.bucket}"
    s3          = "arn:aws:s3:::${var.bucket}/"
    cluster     = var.kafka_cluster_arn
    topic       = "${local.of_cluster["topic"]}/"
    group       = "${local.of_cluster["group"]}/"
    transaction = "${local.of_cluster["transactional-id"]}/"
    workspace   = try(var.collector.workspace_arn, "")
    metrics     = try("${var.collector.metrics_log_group_arn}:*", "")
  }

  policies = {
    for who, list in local.statements : who => {
      Version = "2012-10-17"
      Statement = [for s in list : {
        Effect   = "Allow"
        Action   = s.actions
        Resource = [for r in s.on : "${local.arns[split(":", r)[0]]}${join(":", slice(split(":", r), 1, length(split(":", r))))}"]
      }]
    }
  }
}

output "services" {
  description = "Names of the services, in the order of the data."
  value       = ["producer", "bronze-writer", "silver-etl", "gold-aggregator", "dq-checker", "redshift-loader"]
}

output "policies" {
  description = "IAM policy, as JSON, of each service and of the role that COPY takes (redshift)."
  value       = { for who, policy in local.policies : who => jsonencode(policy) }
}

output "table" {
  description = "The same for people: a Markdown table of service, actions, resources and why."
  value = join("\n", concat(["| service | actions | on | why |", "|---|---|---|---|"], flatten([
    for who in concat(["producer", "bronze-writer", "silver-etl", "gold-aggregator", "dq-checker", "redshift-loader"], ["redshift"]) : [
      for s in local.statements[who] : "| ${who} | ${join(", ", s.actions)} | ${join(", ", [for r in s.on : "`${r}`"])} | ${s.why} |"
    ]
  ])))
}
