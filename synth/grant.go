package synth

// Grant is a grant of any kind, in the form that commands show it in.
type Grant struct {
	Kind string `json:"kind"`           // as of Fact
	Name string `json:"name"`           // what it is about, wildcards as <digits>
	What string `json:"what,omitempty"` // what may be done to it
	Evidence
}

// Grant in words.
func (g SyscallGrant) Grant() Grant { return Grant{"syscall", g.Name, g.ABI, g.Evidence} }

// Grant in words; What says why when the capability is not granted.
func (g CapabilityGrant) Grant() Grant { return Grant{"capability", g.Name, g.Reason, g.Evidence} }

// Grant in words.
func (g ExecGrant) Grant() Grant { return Grant{"exec", g.Name().String(), g.Kind, g.Evidence} }

// Grant in words.
func (g FileGrant) Grant() Grant {
	return Grant{"file", g.Name().String(), g.Access.String(), g.Evidence}
}

// Grant in words.
func (g SocketGrant) Grant() Grant {
	name := socketName(g.Family, g.Address, g.Port, g.Path, g.Abstract).String()
	if g.Pattern != nil {
		name = g.Pattern.String()
	}
	return Grant{"socket", name, socketUse(g.Action, g.Family, g.Type), g.Evidence}
}

// Grant in words.
func (g ArgumentGrant) Grant() Grant {
	return Grant{"argument", g.Value, argumentUse(g.Syscall, g.Name, g.Target), g.Evidence}
}

// Grant in words: of what is needed that it is not there.
func (a Absence) Grant() Grant {
	return Grant{"absent", a.Path.String(), a.Access.String(), a.Evidence}
}

// Grants lists what the profile grants, whatever its kind.
func (p *Profile) Grants() []Grant {
	var out []Grant
	for _, g := range p.Capabilities {
		if g.Need == Required {
			out = append(out, g.Grant())
		}
	}
	for _, g := range p.Syscalls {
		out = append(out, g.Grant())
	}
	for _, g := range p.Execs {
		out = append(out, g.Grant())
	}
	for _, g := range p.Files {
		out = append(out, g.Grant())
	}
	for _, g := range p.Sockets {
		out = append(out, g.Grant())
	}
	for _, g := range p.Arguments {
		out = append(out, g.Grant())
	}
	return out
}
