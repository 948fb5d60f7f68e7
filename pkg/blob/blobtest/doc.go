// Package blobtest holds what tests of buckets need: the suite that every kind of bucket
// must pass, and a real S3 server to run it on.
package blobtest
