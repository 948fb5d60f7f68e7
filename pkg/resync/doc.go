// Package resync writes a topic of manifests back from the lake's copies, after
// it was deleted, made anew or cut off.
//
// An entry's path: the stage that writes the topic reads the copies, and says in
// which order and on which partitions they belong → [Lacks] drops those that
// the topic has → [Topic.Write] publishes the others in transactions. It only goes
// on when the stage's group has no members ([Topic.Vacant]). What is there already is not
// written again, so a resync that was cut short is completed by doing it again.
package resync
