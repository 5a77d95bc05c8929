package markdown

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// providers is the table of needs by what stands before the first dot of the
// operations' names, which is who provides them. Operations without a dot, such as
// startup, are of the worker itself.
func providers(p *synth.Profile) *table {
	t := &table{head: []string{"Provider", "Operations", "Capabilities", "Executes", "Changes", "No capability helps a user"}}
	for _, group := range byProvider(p.Operations) {
		var capabilities, programs, changed, names, refused []string
		for _, o := range group {
			capabilities = append(capabilities, capabilitiesOf(p, o.Name)...)
			programs = append(programs, programsOf(p, o.Name)...)
			changed = append(changed, filesOf(p, o.Name, trace.AccessModifies)...)
			names = append(names, code(o.Name))
			if o.Elsewhere != nil {
				refused = append(refused, code(o.Name))
			}
		}
		if len(capabilities) == 0 {
			capabilities = []string{"none"}
		}
		t.add(code(provider(group[0].Name)), strings.Join(names, ", "), known(p, "capability", all(capabilities)),
			known(p, "exec", several(programs)), known(p, "file", several(changed)), strings.Join(refused, ", "))
	}
	return t
}

// provider is the first part of an operation's name, "" if there is but one.
func provider(operation string) string {
	before, _, dotted := strings.Cut(operation, ".")
	if !dotted {
		return ""
	}
	return before
}

// byProvider groups operations with dots, each group and its operations in the order
// they were seen in.
func byProvider(operations []synth.Operation) (groups [][]synth.Operation) {
	for _, o := range operations {
		if provider(o.Name) == "" {
			continue
		}
		i := slices.IndexFunc(groups, func(g []synth.Operation) bool { return provider(g[0].Name) == provider(o.Name) })
		if i < 0 {
			i, groups = len(groups), append(groups, nil)
		}
		groups[i] = append(groups[i], o)
	}
	return groups
}
