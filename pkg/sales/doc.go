// Package sales is the domain: what an event is, which columns each layer has,
// what money and time look like, and why a record is rejected.
//
// It reads no files and speaks to no server. Money is int64 cents, time is
// int64 microseconds UTC.
package sales
