package lake

// Since gives the changes that make the slice's Version out of an earlier one,
// in their order. It says no when they do not go back so far: then the version
// has to be taken whole, from Files.
func (m *Manifest) Since(version int64) ([]Change, bool) {
	if version >= m.Version {
		return nil, true
	}
	if m.Base == 0 || version < m.Base {
		return nil, false
	}
	for i, c := range m.Changes {
		if c.Version > version {
			return m.Changes[i:], true
		}
	}
	return nil, true
}

// Named are the keys of all objects that the manifest names: they stay while it
// is the slice's newest.
func (m *Manifest) Named() map[string]bool {
	named := map[string]bool{}
	add := func(files []File) {
		for _, f := range files {
			named[f.Key] = true
		}
	}
	add(m.Files)
	for _, c := range m.Changes {
		add(c.Added)
		add(c.Changed)
	}
	return named
}
