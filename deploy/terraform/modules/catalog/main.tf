# The lake's tables for Athena and Glue. Columns are those of pkg/sales, in tables.json, which a
# test there holds equal. Partitions are projected from the layout, so nobody has to add them.
#
# Bronze and quarantine are exact as they lie. Of silver and gold, the files of a slice are
# those of its newest manifest: for a few minutes replaced files lie beside them. Each such
# table has a query that takes the newest.

variable "name" {
  description = "Name of the database and of the workgroup."
  type        = string
}

variable "bucket" {
  description = "Name of the lake's bucket."
  type        = string
}

variable "partitions" {
  description = "lake.partitions."
  type        = number
}

variable "first_day" {
  description = "Day of the first orders, YYYY-MM-DD."
  type        = string
}

variable "query_gib" {
  description = "GiB that a query may scan."
  type        = number
  default     = 100
}

locals {
  tables = jsondecode(file("${path.module}/tables.json"))

  day = { type = "date", format = "yyyy-MM-dd", range = "${var.first_day},NOW" }
  p   = { type = "integer", digits = "3", range = "0,${var.partitions - 1}" }
}

resource "aws_glue_catalog_database" "this" {
  name = replace(var.name, "-", "_")
}

resource "aws_glue_catalog_table" "this" {
  for_each      = local.tables
  database_name = aws_glue_catalog_database.this.name
  name          = replace(each.key, "/", "_")
  table_type    = "EXTERNAL_TABLE"
  parameters = merge(
    { EXTERNAL = "TRUE", classification = "parquet", "projection.enabled" = "true" },
    merge([for key in each.value.partition_keys : {
      for k, v in(key == "p" ? local.p : local.day) : "projection.${key}.${k}" => v
    }]...),
    { "storage.location.template" = "s3://${var.bucket}/${each.key}/${join("/", [for key in each.value.partition_keys : "${key}=$${${key}}"])}/" },
  )

  dynamic "partition_keys" {
    for_each = each.value.partition_keys
    content {
      name = partition_keys.value
      type = partition_keys.value == "p" ? "int" : "date"
    }
  }

  storage_descriptor {
    location      = "s3://${var.bucket}/${each.key}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    dynamic "columns" {
      for_each = each.value.columns
      content {
        name    = columns.value.name
        type    = columns.value.type
        comment = columns.value.doc
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name = var.name
  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.query_gib * pow(1024, 3)
    result_configuration {
      output_location = "s3://${var.bucket}/athena/"
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

resource "aws_athena_named_query" "newest" {
  for_each  = { for table, t in local.tables : table => t if t.newest != "" }
  name      = "newest ${replace(each.key, "/", "_")}"
  database  = aws_glue_catalog_database.this.name
  workgroup = aws_athena_workgroup.this.name
  query     = each.value.newest
}
