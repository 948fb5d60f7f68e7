// Package gold keeps the daily aggregates, and the list of facts to load, of
// each day that changed.
//
// A record's path: silver manifests arrive on a partition of lake.silver, which
// has all slices of its days, and wait in the [task] as the newest versions of
// their slices. Flush takes each day whose slices are not those that its gold
// version was made from: every silver file is fetched, checked and reduced to a
// [fold.Partial], unless the cache has that already, and [fold.Merger] adds the
// partials up. The rows go to new files of daily_sales and daily_products. One
// transaction then publishes three manifests a day beside the consumed offset:
// gold/fact_sales, whose files are silver's own, and the two aggregates, all
// with one version and the same silver inputs. Replaced files are deleted after
// a grace period.
//
// A day's state is what lake.silver and lake.gold say: it is read from there
// when the partition is assigned ([stage.Open]), and nothing else is kept.
package gold
