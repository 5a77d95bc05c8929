package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
)

// apparmorOptions are those of emit --format apparmor.
type apparmorOptions struct {
	children     string
	privileges   string
	abi          string
	complain     bool
	abstractions bool
}

func (o *apparmorOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.children, "children", string(apparmor.ChildrenNone), "AppArmor: which programs get a profile of their own, `WHICH` is "+
		"none (all run under the worker's), "+
		"auto (those that need more than everybody may read; the rest share one) or all")
	f.StringVar(&o.privileges, "no-new-privileges", "", "AppArmor: whether the unit sets NoNewPrivileges=, `yes or no`, which decides how "+
		"programs change to their profile (default: as in the emitted unit)")
	f.StringVar(&o.abi, "apparmor-abi", "3.0", "AppArmor: write for the features of `ABI`, 3.0 or 4.0, which the target's AppArmor must have")
	f.BoolVar(&o.complain, "complain", false, "AppArmor: refuse nothing and have the kernel log what would be refused")
	f.BoolVar(&o.abstractions, "abstractions", false, "AppArmor: include what AppArmor ships for needs that most programs have in common, which grants more than was seen")
}

// check finds values that there are none of.
func (o *apparmorOptions) check() error {
	for _, c := range []struct {
		option, value string
		choices       []string
	}{
		{"children", o.children, []string{"", "none", "auto", "all"}},
		{"no-new-privileges", o.privileges, []string{"", "yes", "no"}},
		{"apparmor-abi", o.abi, []string{"", "3.0", "4.0"}},
	} {
		if !slices.Contains(c.choices, c.value) {
			return fmt.Errorf("%s %q: there are %s", c.option, c.value, strings.Join(c.choices[1:], ", "))
		}
	}
	return nil
}

func writeAppArmor(w io.Writer, p *synth.Profile, opt emitOptions) error {
	return apparmor.Write(w, p, opt.toAppArmor(p))
}

func (o emitOptions) toAppArmor(p *synth.Profile) apparmor.Options {
	return apparmor.Options{
		Name: o.name, User: o.user, Children: apparmor.Children(o.aa.children), Stacked: o.aa.stacked(p),
		Complain: o.aa.complain, ABI: o.aa.abi, Abstractions: o.aa.abstractions, OnlyRequired: o.only,
	}
}

// stacked says whether the unit sets NoNewPrivileges=: it does unless the worker
// lives by executing what gains privileges.
func (o *apparmorOptions) stacked(p *synth.Profile) bool {
	if o.privileges != "" {
		return o.privileges == "yes"
	}
	return !slices.ContainsFunc(p.Execs, func(x synth.ExecGrant) bool { return x.Gains })
}
