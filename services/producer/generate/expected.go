package generate

// ExpectedVersion is the version of the shape of expected.json.
const ExpectedVersion = 1

// Expected is the content of expected.json: what any correct pipeline makes of the sample files, in any order of arrival.
type Expected struct {
	Version int    `json:"version"`
	Seed    uint64 `json:"seed"`
	// Files are the answers for each file loaded alone into an empty lake, by file name.
	Files map[string]Run `json:"files"`
	// Total is the answer for all of Files loaded into one lake. Rows and rejects are the sums of Files; silver and the cells
	// are not, because files share orders.
	Total     Run             `json:"total"`
	Updates   UpdatesRun      `json:"customer_updates"`
	Customers CustomersAnswer `json:"customers"`
	Products  ProductsAnswer  `json:"products"`
}

// Run is the answer for one input. Rows balance at each hop:
//
//	rows = bronze rows + rejected by bronze's codes
//	bronze rows = silver rows + deduplicated + rejected by silver's codes
//
// and so do cents from bronze on. Money is the revenue of rows, in cents.
type Run struct {
	Rows int64 `json:"rows"` // read; a CSV's header is none
	// Rejected counts rows by code. A code that does not occur is left out.
	Rejected    map[string]int64 `json:"rejected"`
	BronzeRows  int64            `json:"bronze_rows"`
	BronzeCents int64            `json:"bronze_cents"` // rows that silver refuses count with their revenue as written
	// RescuedRows are bronze rows with something in _rescued. The CSV has no unknown columns.
	RescuedRows int64 `json:"rescued_rows"`
	// Refused are the rows that silver rejects, all codes together.
	Refused Sum `json:"refused"`
	// Deduplicated is duplicates plus superseded: how it divides depends on the order of arrival.
	Deduplicated Sum `json:"deduplicated"`
	Silver       Sum `json:"silver"`
	// ByStatus divides Silver.
	ByStatus map[string]Sum `json:"silver_by_status"`
	// UnlistedCustomers and UnlistedProducts count the ids in silver that customers.csv and products.csv do not have.
	UnlistedCustomers int64 `json:"unlisted_customers"`
	UnlistedProducts  int64 `json:"unlisted_products"`
	// Cells are the rows of daily_sales, by date, region and category.
	Cells []Cell `json:"daily_sales"`
}

// Sum counts rows and adds up their revenue in cents.
type Sum struct {
	Rows  int64 `json:"rows"`
	Cents int64 `json:"cents"`
}

func (s *Sum) add(cents int64) {
	s.Rows++
	s.Cents += cents
}

// Cell is one row of daily_sales. Orders, units, gross and customers (distinct) count completed and refunded orders;
// refunded counts refunded ones; net is gross less refunded.
type Cell struct {
	Date      string `json:"order_date"` // UTC, YYYY-MM-DD
	Region    string `json:"region"`
	Category  string `json:"category"`
	Orders    int64  `json:"orders"`
	Units     int64  `json:"units"`
	Gross     int64  `json:"gross_cents"`
	Refunded  int64  `json:"refunded_cents"`
	Net       int64  `json:"net_cents"`
	Customers int64  `json:"customers"`
	Pending   int64  `json:"pending_orders"`
	Cancelled int64  `json:"cancelled_orders"`
}

// CustomersAnswer tells of customers.csv: each row of a customer after its first changes segment or city.
type CustomersAnswer struct {
	Rows      int64 `json:"rows"` // = versions of a slowly changing dimension
	Customers int64 `json:"customers"`
}

// ProductsAnswer tells of products.csv.
type ProductsAnswer struct {
	Rows int64 `json:"rows"`
}
