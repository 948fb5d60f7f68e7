# The lake's bucket. Versioned, so that what was deleted by mistake comes back within
# `undelete_days`; the services' own deletes (replaced files) are kept as long, and billed.

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "undelete_days" {
  description = "Days for which deleted and overwritten objects are kept."
  type        = number
  default     = 14
}

variable "archive_bronze_days" {
  description = "Days after which bronze files go to S3 Standard-IA, which is read at once but costs more for each read: longer than whole days are judged again or rebuilt."
  type        = number
  default     = 90
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: who reads and writes, CloudTrail tells where it is wanted; a second bucket would get a line for each of thousands of requests an hour
  # checkov:skip=CKV_AWS_144: another region is for those who need one (docs/deploy.md, When something is lost)
  # checkov:skip=CKV_AWS_145: encrypted by AWS's key; one of our own would have the same readers, and its requests are billed
  # checkov:skip=CKV2_AWS_62: nobody waits for files; manifests on Kafka say what is there
  bucket = var.bucket
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TLSOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${var.bucket}", "arn:aws:s3:::${var.bucket}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "undelete"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.undelete_days
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "archive-bronze"
    status = "Enabled"
    filter {
      prefix = "bronze/"
    }
    transition {
      days          = var.archive_bronze_days
      storage_class = "STANDARD_IA"
    }
  }

  # What a killed loader left: it sweeps what is older than a day, this what is left of that.
  rule {
    id     = "copies-for-redshift"
    status = "Enabled"
    filter {
      prefix = "_redshift/"
    }
    expiration {
      days = 3
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

output "bucket" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}

output "environment" {
  description = "Settings with which services reach the lake. It is never made by them."
  value       = { SALES_LAKE_URL = "s3://${aws_s3_bucket.this.bucket}" }
}
