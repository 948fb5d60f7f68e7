package generate

import "maps"

// UpdatesRun is the answer for one input of customer_updates: rows = bronze rows + rejected. Updates have no money.
type UpdatesRun struct {
	Rows        int64            `json:"rows"`
	Rejected    map[string]int64 `json:"rejected"` // rows by code, all of them bronze's
	BronzeRows  int64            `json:"bronze_rows"`
	RescuedRows int64            `json:"rescued_rows"` // bronze rows with something in _rescued
	DeletedRows int64            `json:"deleted_rows"` // bronze rows that are a deletion
	Versions    int64            `json:"versions"`     // distinct (customer_id, updated_ts): the history of all customers, silver's rows
	Deletions   int64            `json:"deletions"`    // versions that are a deletion
	Customers   int64            `json:"customers"`
	Deleted     int64            `json:"deleted_customers"` // whose newest version is a deletion
}

// UpdateTally adds up truths of updates, in any order. Its memory grows with the number of versions.
type UpdateTally struct {
	run      UpdatesRun
	versions map[string]map[int64]bool // of each customer, whether it is deleted by updated_ts
}

// NewUpdateTally starts at nothing.
func NewUpdateTally() *UpdateTally {
	return &UpdateTally{run: UpdatesRun{Rejected: map[string]int64{}}, versions: map[string]map[int64]bool{}}
}

// Add counts the next item's truth.
func (t *UpdateTally) Add(truth *UpdateTruth) {
	t.run.Rows++
	if truth.Code != "" {
		t.run.Rejected[truth.Code]++
		return
	}
	t.run.BronzeRows++
	if truth.Rescued {
		t.run.RescuedRows++
	}
	if truth.Update.Deleted {
		t.run.DeletedRows++
	}
	if t.versions[truth.Update.ID] == nil {
		t.versions[truth.Update.ID] = map[int64]bool{}
	}
	t.versions[truth.Update.ID][truth.Update.UpdatedTS] = truth.Update.Deleted
}

// Run gives the answer for what was added.
func (t *UpdateTally) Run() UpdatesRun {
	r := t.run
	r.Rejected = maps.Clone(r.Rejected)
	for _, versions := range t.versions {
		r.Customers++
		r.Versions += int64(len(versions))
		var newest int64
		for at, deletion := range versions {
			newest = max(newest, at)
			if deletion {
				r.Deletions++
			}
		}
		if versions[newest] {
			r.Deleted++
		}
	}
	return r
}
