// Command benchstream measures Kafka to bronze: the bronze-writer program takes
// a full topic of generated events from a real broker into a lake, beside a bare
// consumer loop that only counts the bytes of the same topic.
//
//	benchstream [--events N] [--runs N] [--lake s3|file] [--json] BRONZE-WRITER
//
// Both are processes of their own and run in turn, so that a pair of runs meets
// the same machine. A time is printed only for a run whose lake holds exactly
// what the generator says, to the event and the cent.
package main
