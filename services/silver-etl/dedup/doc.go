// Package dedup finds the current version of each order.
//
// A row's path: [KeysOf] reduces it to hashes, [Merge.Add] looks its order up
// in the [Index] and compares the two versions. The greatest (event_ts,
// event_id, offset) wins, so the outcome does not depend on the order of
// arrival; where even these are equal, the content's hash decides. The loser is
// a duplicate when it is the same event or says the same as the winner, else
// it is superseded.
//
// A table may have no events; then the offset decides at once, and only what says
// the same is a duplicate. In a history ([Columns].History) an "order" is an ID
// at one time: its versions are those of that time, and others are other rows.
//
// An order is in the [Index], or in the much smaller [Filter], which only knows
// its day: such an order has to be put in the index before its versions are
// compared.
//
// The index keeps no names, only hashes: 128 bits of order_id (a collision is
// less likely than 1e-20 among 1e9 orders), 64 of event_id and 32 of the
// business fields, which are only compared among the versions of one order.
// When two versions have equal times and different events, their event_ids are
// compared as text: the index then asks for those that it only has a hash of.
package dedup
