package sales

import "strings"

// Catalogue knows the proper spelling of a closed list of names, such as the
// categories or the regions.
type Catalogue struct{ spelling map[string]string }

// NewCatalogue makes a catalogue of the given spellings.
func NewCatalogue(names []string) *Catalogue {
	c := &Catalogue{spelling: make(map[string]string, len(names))}
	for _, name := range names {
		c.spelling[fold(squeeze(name))] = name
	}
	return c
}

// Canonical trims the name, folds inner white space to one blank each, and
// gives it in the catalogue's spelling, whatever its case. A name that the
// catalogue does not have keeps its own spelling.
func (c *Catalogue) Canonical(name string) string {
	name = squeeze(name)
	if s, ok := c.spelling[fold(name)]; ok {
		return s
	}
	return name
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// fold maps both cases to one; upper first, for letters with two lower forms.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }
