package lake

// MaxChanges is how many changes a manifest of silver lists: it is read and written whole
// with each version.
const MaxChanges = 16

// Since gives the changes that make the slice's Version out of an earlier one,
// in their order. It says no when they do not go back so far: then the version
// has to be taken whole, from Files.
func (m *Manifest) Since(version int64) ([]Change, bool) {
	return since(version, m.Version, m.Base, m.Changes)
}

// Since is that of the slice's manifest.
func (in *Input) Since(version int64) ([]Change, bool) {
	return since(version, in.Version, in.Base, in.Changes)
}

func since(version, newest, base int64, changes []Change) ([]Change, bool) {
	if version >= newest {
		return nil, true
	}
	if base == 0 || version < base {
		return nil, false
	}
	for i, c := range changes {
		if c.Version > version {
			return changes[i:], true
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
