// Package control brings commands to the writers of slices, beside the live stream.
//
// A command's path: [Issue] publishes it on lake.control → the [Board] of each
// instance follows that topic and wakes the tasks → a task that has not done it
// yet does it in a commit of its own, and publishes a lake.Done with the new
// versions of its slices → [Wait] sees one Done of each partition on the topic
// of the slices.
//
// A command that cannot be done holds the stage up; a record of its key without a
// value withdraws it.
//
// A command is done once: whether a partition has done it is read back from the
// topic that its slices are in, like everything else that the task knows.
package control
