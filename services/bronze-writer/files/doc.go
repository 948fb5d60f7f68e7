// Package files finds the files that an ingest is to take, and reads them.
//
// A name's path: [Find] makes [File]s of paths, of s3://bucket/key, and of
// patterns of either → [File.Open] looks at the first bytes to see how the file
// is compressed → each [Content.Pass] reads the content from its start, plain
// whatever the file is. What takes time, a decompressor or an object store, runs
// in a goroutine of its own, a bounded number of blocks ahead.
//
// Files are read twice, once for the hash of their content and once for its
// rows. So a file that is cut off or corrupt is found before anything is
// written, and one that changes in between is an error.
package files
