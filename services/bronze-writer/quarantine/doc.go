// Package quarantine brings rejects back: it lists, shows and exports them, and
// replays them with a declared patch.
//
// A reject's path: its files under quarantine/ are read one by one → what
// lake.control knows of its earlier attempts, and where those have arrived, say
// whether it is open → the [Patch] changes single members of the original JSON,
// or of the event that a CSV row is, and leaves every other byte → [decode.JSON] judges the result as bronze
// would → the event goes to its topic and a lake.Replay to lake.control, in one
// transaction.
//
// The event names the reject in header replay_of, which bronze and silver carry
// on in column _replay_of. So what became of an attempt is read where it
// arrived: its row is in bronze and silver has passed it, or it is a reject
// again. A reject that is the replay of another one is a part of that one's
// history and never counts, or is replayed, by itself: the original bytes are
// the ones that a better patch is for.
//
// The transactional id lets one replay run at a time, and lake.control is read
// after it was taken over. So a replay that was cut short is completed by doing
// it again, and doing it twice changes nothing.
package quarantine
