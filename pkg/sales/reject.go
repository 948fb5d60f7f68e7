package sales

// Code says why a record was rejected.
type Code string

// The codes of bronze, which judges structure. The first that applies counts:
// first in this order, then in the order of the fields.
const (
	Empty        Code = "empty"         // no bytes
	TooLarge     Code = "too_large"     // over bronze.max_event_bytes
	InvalidUTF8  Code = "invalid_utf8"  // not UTF-8
	MalformedRow Code = "malformed_row" // CSV: wrong number of fields, broken quotes
	InvalidJSON  Code = "invalid_json"  // not JSON, or a key twice
	NotAnObject  Code = "not_an_object" // JSON, but no object
	WrongKey     Code = "wrong_key"     // on a partition that its key (order_id, customer_id) does not hash to
	MissingField Code = "missing_field" // required, and absent, null or blank
	WrongType    Code = "wrong_type"    // another JSON type; quantity not a base-10 INT32; deleted not true or false
	BadTimestamp Code = "bad_timestamp" // no RFC 3339 time
	BadDecimal   Code = "bad_decimal"   // not -?digits[.d[d]], or over 18 digits
	NotAdopted   Code = "not_adopted"   // good today, but left out by an adopted bronze file, which is never replaced
)

// The codes of silver, which judges meaning, in their order.
const (
	QuantityNotPositive Code = "quantity_not_positive"
	NegativePrice       Code = "negative_price"
	NegativeRevenue     Code = "negative_revenue"
	UnknownStatus       Code = "unknown_status"
	UnsupportedCurrency Code = "unsupported_currency"
	FutureTimestamp     Code = "future_timestamp"      // over MaxClockSkew after the broker's time
	Implausible         Code = "implausible_timestamp" // before 2000
	RuleViolated        Code = "rule_violated"         // against a declared rule of severity quarantine
)

// BronzeCodes lists bronze's codes in their order.
var BronzeCodes = []Code{Empty, TooLarge, InvalidUTF8, MalformedRow, InvalidJSON, NotAnObject,
	WrongKey, MissingField, WrongType, BadTimestamp, BadDecimal, NotAdopted}

// SilverCodes lists silver's codes in their order.
var SilverCodes = []Code{QuantityNotPositive, NegativePrice, NegativeRevenue, UnknownStatus,
	UnsupportedCurrency, FutureTimestamp, Implausible, RuleViolated}

// Reject is why one record was not taken.
type Reject struct {
	Code    Code
	Field   string // the field at fault, "" when it is the whole record
	Message string // what was wrong and what would be right; never the whole value
}

// Error makes a Reject an error that reads like a sentence.
func (r *Reject) Error() string {
	if r.Field == "" {
		return string(r.Code) + ": " + r.Message
	}
	return string(r.Code) + " in " + r.Field + ": " + r.Message
}
