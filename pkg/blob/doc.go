// Package blob is the bucket that the lake lives in: S3, any server that speaks its
// protocol, or a folder.
//
// Both kinds are written against their own API, the AWS SDK and the file system,
// because the guarantees are in the details:
//
//   - An object appears whole or not at all, and PutNew lets exactly one of any number of
//     writers, in any number of processes, win. For S3 that is one PutObject with
//     If-None-Match: never a multipart upload. For a folder it is a hard link to a
//     finished file, which fails if the name is taken.
//   - A listing is complete, in ascending order of the keys, or ends with an error. A
//     folder that cannot be read is an error, not an absence.
//   - What may succeed later is tried again with growing pauses for as long as the
//     context lives; what cannot is answered at once.
//
// A folder keeps unfinished files under .tmp in its root, where no listing and no glob of
// a layer meets them. Its objects survive the death of the process, not of the machine:
// nothing is synced to the disk.
package blob
