package decode

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
)

const (
	goodCustomer = `{"customer_id":"C-1","updated_ts":"2026-01-31T12:00:00.5Z","name":"Ana Lima","email":"ana@example.com","segment":"consumer","city":"Porto","country":"PT"}`
	customerHead = "customer_id,updated_ts,name,email,segment,city,country,deleted,note"
	customerLine = "C-1,2026-01-31 12:00:00.5,Ana Lima,ana@example.com,consumer,Porto,PT,false,"
)

func TestJSONRejectsOfCustomers(t *testing.T) {
	for _, c := range []struct {
		name, value string
		code        sales.Code
		field       string
	}{
		{"wrong key", withIn(goodCustomer, "customer_id", `"X-1"`), sales.WrongKey, "customer_id"},
		{"nothing", "{}", sales.MissingField, "customer_id"},
		{"an order", good, sales.MissingField, "updated_ts"},
		{"no city", withIn(goodCustomer, "city", ""), sales.MissingField, "city"},
		{"no city, and not deleted", withIn(withIn(goodCustomer, "city", ""), "deleted", "false"), sales.MissingField, "city"},
		{"a deletion of nobody", `{"updated_ts":"2026-01-31T12:00:00Z","deleted":true}`, sales.MissingField, "customer_id"},
		{"a deletion at no time", `{"customer_id":"C-1","deleted":true}`, sales.MissingField, "updated_ts"},
		{"missing comes before a flag of a wrong type", `{"customer_id":"C-1","updated_ts":"2026-01-31T12:00:00Z","deleted":"true"}`, sales.MissingField, "name"},
		{"deleted as text", withIn(goodCustomer, "deleted", `"true"`), sales.WrongType, "deleted"},
		{"deleted as a number", withIn(goodCustomer, "deleted", "1"), sales.WrongType, "deleted"},
		{"deleted as an object", withIn(goodCustomer, "deleted", `{"at":"now"}`), sales.WrongType, "deleted"},
		{"a name that is a flag", withIn(goodCustomer, "name", "false"), sales.WrongType, "name"},
		{"a deletion of a wrong type", withIn(withIn(goodCustomer, "deleted", "true"), "email", "7"), sales.WrongType, "email"},
		{"no time", withIn(goodCustomer, "updated_ts", `"today"`), sales.BadTimestamp, "updated_ts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := NewJSON(CustomerUpdates, Options{MaxBytes: 1500, Owns: owns})
			require.Equal(t, verdict{Code: c.code, Field: c.field}, decodeJSON(j, c.value))
			require.Nil(t, j.Decode([]byte(withIn(goodCustomer, "deleted", "false"))))
			require.Equal(t, verdict{Code: c.code, Field: c.field}, decodeJSON(j, c.value), "after a good event")
		})
	}
}

func TestJSONRowOfCustomers(t *testing.T) {
	j := NewJSON(CustomerUpdates, Options{MaxBytes: 1500, Owns: owns})
	whole := map[string]any{"customer_id": "C-1", "updated_ts": int64(1769860800500000), "name": "Ana Lima", "email": "ana@example.com", "segment": "consumer",
		"city": "Porto", "country": "PT", "deleted": int64(0), "_rescued": "", "_source": "sales_events", "_partition": int64(3), "_offset": int64(42), "_ingest_ts": int64(99), "_replay_of": ""}
	change := func(m map[string]any, values ...any) map[string]any {
		m = maps.Clone(m)
		for i := 0; i < len(values); i += 2 {
			m[values[i].(string)] = values[i+1]
		}
		return m
	}
	deleted := change(whole, "deleted", int64(1))
	bare := change(deleted, "name", "", "email", "", "segment", "", "city", "", "country", "")
	for value, want := range map[string]map[string]any{
		goodCustomer:                                                                    whole,
		withIn(goodCustomer, "deleted", "false"):                                        whole,
		withIn(goodCustomer, "deleted", "null"):                                         whole,
		withIn(goodCustomer, "deleted", "true"):                                         deleted,
		withIn(withIn(goodCustomer, "deleted", "true"), "city", "null"):                 change(deleted, "city", ""),
		`{"customer_id":"C-1","updated_ts":"2026-01-31T12:00:00.5Z","deleted":true}`:    bare,
		`{"deleted" : true, "customer_id":"C-1","updated_ts":"2026-01-31T12:00:00.5Z"}`: bare,
		withIn(goodCustomer, "vip", "true"):                                             change(whole, "_rescued", `{"vip":true}`),
	} {
		for range 2 {
			require.Equal(t, verdict{Values: want}, decodeJSON(j, value), value)
		}
	}
}

func TestCSVOfCustomers(t *testing.T) {
	whole := decodeCSV(newCSVOf(t, CustomerUpdates, customerHead), customerLine, 1)
	require.Equal(t, []any{"Ana Lima", int64(0), int64(1769860800500000)}, []any{whole.Values["name"], whole.Values["deleted"], whole.Values["updated_ts"]})
	for record, want := range map[string]any{
		strings.Replace(customerLine, "false", "", 1):      int64(0),
		strings.Replace(customerLine, "false", "true", 1):  int64(1),
		"C-1,2026-01-31 12:00:00,,,,,,true,":               int64(1),
		strings.Replace(customerLine, "false", "TRUE", 1):  verdict{Code: sales.WrongType, Field: "deleted"},
		strings.Replace(customerLine, "false", "1", 1):     verdict{Code: sales.WrongType, Field: "deleted"},
		strings.Replace(customerLine, "false", " true", 1): verdict{Code: sales.WrongType, Field: "deleted"},
		"C-1,2026-01-31 12:00:00,,,,,,,":                   verdict{Code: sales.MissingField, Field: "name"},
		"C-1,,Ana,a,b,c,d,,":                               verdict{Code: sales.MissingField, Field: "updated_ts"},
	} {
		got := decodeCSV(newCSVOf(t, CustomerUpdates, customerHead), record, 1)
		if got.Values == nil {
			require.Equal(t, want, got, record)
			continue
		}
		require.Equal(t, want, got.Values["deleted"], record)
	}
}

func TestLinesOfAnotherDataset(t *testing.T) {
	for text, want := range map[string][2]string{
		good:                                 {"", "it holds sales_events"},
		"\n[]\n{}\n" + goodCustomer + "\r\n": {"it holds customer_updates", ""},
		good + "\n" + goodCustomer:           {"", "it holds sales_events"},
		goodCustomer + "\n" + good:           {"it holds customer_updates", ""},
		"{}\n" + good[:50]:                   {"", ""},
	} {
		for i, d := range []*Dataset{SalesEvents, CustomerUpdates} {
			err := d.CheckLines([]byte(text))
			if want[i] == "" {
				require.NoError(t, err, text)
				continue
			}
			require.ErrorIs(t, err, ErrUnusable)
			require.ErrorContains(t, err, want[i])
		}
	}
}
