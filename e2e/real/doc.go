// Package real starts the real servers that the pipeline runs on: an Apache
// Kafka broker, an S3 server (versitygw), PostgreSQL and Prometheus, each on a free
// port of 127.0.0.1 with its data in a directory of its own.
//
// Kafka, S3, Postgres and Prometheus start a server for one test and end it with
// the test. StartKafka and its like do the same without a test, so that a
// TestMain can share one server among all tests of a package.
//
// Every server can be stopped, killed and started again on the same port and
// the same data, which is how tests make outages. A server's processes are
// killed with the test binary, however that ends.
//
// What a bare machine lacks is fetched once: Kafka's jars by Maven, versitygw by
// the Go tool chain, into the user's cache directory (SALESLAKE_CACHE moves it).
// Java, Maven, PostgreSQL and Prometheus must be installed; where one is missing a
// test is skipped, and fails if the environment says CI.
package real
