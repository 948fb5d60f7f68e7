package column

// Dict interns the values of a Symbol column: equal values have equal codes,
// counted from 0 in the order of first sight.
type Dict struct {
	codes  map[string]int32
	values []string
}

// NewDict gives an empty dictionary.
func NewDict() *Dict { return &Dict{codes: make(map[string]int32)} }

// Len is the number of distinct values.
func (d *Dict) Len() int { return len(d.values) }

// Value gives the value of a code.
func (d *Dict) Value(code int32) string { return d.values[code] }

// Code gives the value's code, adding the value when it is new.
func (d *Dict) Code(v []byte) int32 {
	if c, ok := d.codes[string(v)]; ok {
		return c
	}
	return d.add(string(v))
}

// CodeString is Code for a string.
func (d *Dict) CodeString(v string) int32 {
	if c, ok := d.codes[v]; ok {
		return c
	}
	return d.add(v)
}

func (d *Dict) add(v string) int32 {
	c := int32(len(d.values))
	d.codes[v] = c
	d.values = append(d.values, v)
	return c
}
