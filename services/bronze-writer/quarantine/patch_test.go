package quarantine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func step(t require.TestingT, op, text string) Step {
	s, err := ParseStep(op, text)
	require.NoError(t, err)
	return s
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ op, step, event, want string }{
		{"set", "a=1", `{"a":"x","b":2}`, `{"a":1,"b":2}`},
		{"set", "a=x y", `{ "b" : 2 , "a" : [1,{"a":"}"}] }`, `{ "b" : 2 , "a" : "x y" }`},
		{"set", `a="1"`, `{"a":1}`, `{"a":"1"}`},
		{"set", "a=", `{"a":1}`, `{"a":""}`},
		{"set", "a=b=c", `{"a":1}`, `{"a":"b=c"}`},
		{"set", "a=1", "{}", `{"a":1}`},
		{"set", "a=1", " { } ", ` {"a":1 } `},
		{"set", "c=1", `{"b":2 }`, `{"b":2,"c":1 }`},
		{"set", "a=1", `{"a":2,"b":3,"a":4}`, `{"a":1,"b":3}`},
		{"set", "b=Books", "{\"a\":1.50,\"b\":\"\xff\"}", `{"a":1.50,"b":"Books"}`},
		{"set", "a=1", `{"\u0061":2}`, `{"\u0061":1}`},
		{"map", "s:done=completed", `{"s":"done","n":"done"}`, `{"s":"completed","n":"done"}`},
		{"map", "s:done=completed", `{"s":"open"}`, `{"s":"open"}`},
		{"map", "n:2=3", `{"n":2}`, `{"n":3}`},
		{"map", "n:2=3", `{"n":"2","m":2}`, `{"n":3,"m":2}`},
		{"map", "s:a:b=c", `{"s":"a:b"}`, `{"s":"c"}`},
		{"map", "s:=x", `{"s":""}`, `{"s":"x"}`},
		{"map", "s:null=x", `{"s":null}`, `{"s":"x"}`},
		{"replace", `n:(\d+),(\d\d)=$1.$2`, `{"n":"2,50","m":"2,50"}`, `{"n":2.50,"m":"2,50"}`},
		{"replace", `n:(\d+),(\d\d)=$1.$2`, `{"n":"2.50"}`, `{"n":"2.50"}`},
		{"replace", `n:(\d+),(\d\d)=$1.$2`, `{"n":"12,500"}`, `{"n":"12,500"}`},
		{"replace", `n:.*(\d),(?P<cents>\d\d)="${1}x${cents}$$"`, `{"n":"EUR\n2,50"}`, `{"n":"2x50$"}`},
		{"replace", `s:a|b=c`, `{"s":"ab"}`, `{"s":"ab"}`},
		{"replace", `s:a|b=c`, `{"s":"b"}`, `{"s":"c"}`},
		{"replace", `n:(\d)=$1=0`, `{"n":7}`, `{"n":"7=0"}`},
		{"drop", "a", `{"a":1}`, `{}`},
		{"drop", "a", `{"a":1, "b":2}`, `{"b":2}`},
		{"drop", "b", `{"a":1, "b":{"a":",}"} }`, `{"a":1 }`},
		{"drop", "a", `{"a":1,"b":2,"a":3,"a":4}`, `{"b":2}`},
		{"drop", "x", `{"a":"\"}","b":"\\"}`, `{"a":"\"}","b":"\\"}`},
	} {
		got, ok := Patch{step(t, c.op, c.step)}.Apply([]byte(c.event))
		require.True(t, ok, c)
		require.Equal(t, c.want, string(got), "%s %s", c.op, c.step)
	}
	for _, event := range []string{"", "x", "[]", `"{}"`, `{"a":1`, `{"a":1}}`, "O-1,2026-01-31,C-1"} {
		_, ok := Patch{step(t, "drop", "a")}.Apply([]byte(event))
		require.False(t, ok, event)
	}
}

func TestStepsInOrder(t *testing.T) {
	t.Parallel()
	p, err := ParsePatch([]byte("- set: a=x\n- map: a:x=z\n- replace: a:[z]=y\n- drop: b\n- set: b=1\n"))
	require.NoError(t, err)
	got, ok := p.Apply([]byte(`{"b":2}`))
	require.True(t, ok)
	require.JSONEq(t, `{"a":"y","b":1}`, string(got))
	require.Equal(t, []string{"set a=x", "map a:x=z", "replace a:[z]=y", "drop b", "set b=1"}, p.Declared())
}

func TestWrongSteps(t *testing.T) {
	t.Parallel()
	for _, s := range [][2]string{{"set", "a"}, {"set", "=1"}, {"map", "a"}, {"map", "a=b"}, {"map", "a:b"}, {"replace", "a:b"}, {"replace", "a:(=c"}, {"replace", "a:b)(=c"}, {"replace", "a:(b)=$2"}, {"replace", "a:(b)=$1c"}, {"drop", ""}, {"cast", "a"}, {"set", "a=\xff"}} {
		_, err := ParseStep(s[0], s[1])
		require.ErrorContains(t, err, "want", s)
	}
	_, err := ParsePatch([]byte("- set: a=1\n  drop: b\n- map: c\n- {}\n"))
	require.ErrorContains(t, err, "step 1: want one of")
	require.ErrorContains(t, err, "step 2: map \"c\": want field:old=new")
	require.ErrorContains(t, err, "step 3: ")
	_, err = ParsePatch([]byte("set: a=1"))
	require.ErrorContains(t, err, "want a list of steps")
}

// Members that no step names keep their bytes and their order, whatever the
// event looks like; those that one names are what the step says.
func TestPatchTouchesNothingElse(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "order_id", `q"`, "ü", ""}
	values := []string{`1`, `-0.50`, `1e3`, `"x"`, `"a\"},{"`, `"\\"`, `null`, `true`, `[1, "]" ,{"a":2}]`, `{"a" : {"b":"}"}}`, `{}`, "\"\xff\""}
	spaces := []string{"", " ", "\n\t", "\r\n"}
	rapid.Check(t, func(t *rapid.T) {
		space := func() string { return rapid.SampledFrom(spaces).Draw(t, "space") }
		var have []member
		var raw []string // of each member: key and value as written
		var b strings.Builder
		b.WriteString(space() + "{" + space())
		for i := range rapid.IntRange(0, 6).Draw(t, "members") {
			if i > 0 {
				b.WriteString("," + space())
			}
			name := rapid.SampledFrom(names).Draw(t, "name")
			written := string(quote(name)) + space() + ":" + space() + rapid.SampledFrom(values).Draw(t, "value")
			b.WriteString(written + space())
			have, raw = append(have, member{name: name}), append(raw, written)
		}
		b.WriteString("}" + space())
		field := rapid.SampledFrom(names[:5]).Draw(t, "field")
		op := rapid.SampledFrom([]string{opSet, opMap, opReplace, opDrop}).Draw(t, "op")
		text := map[string]string{opSet: field + "=new", opMap: field + ":x=new", opReplace: field + ":[x1]=new", opDrop: field}[op]
		out, ok := Patch{step(t, op, text)}.Apply([]byte(b.String()))
		require.True(t, ok)
		require.True(t, json.Valid(out), "%q", out)

		var want, got []string
		for i := range have {
			if have[i].name != field {
				want = append(want, raw[i])
			}
		}
		left := 0
		for _, m := range members(out).members {
			if m.name != field {
				got = append(got, string(out[m.start:m.end]))
				continue
			}
			left++
			if op == opSet {
				require.Equal(t, `"new"`, string(out[m.value:m.end]))
			}
			require.False(t, (op == opMap || op == opReplace) && string(out[m.value:m.end]) == `"x"`)
			require.False(t, op == opReplace && string(out[m.value:m.end]) == "1")
		}
		require.Equal(t, want, got)
		before := len(slices.DeleteFunc(have, func(m member) bool { return m.name != field }))
		require.Equal(t, map[string]int{opSet: 1, opMap: before, opReplace: before, opDrop: 0}[op], left, "%s of %q", text, b.String())
	})
}
