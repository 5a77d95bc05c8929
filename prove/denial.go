package prove

import (
	"cmp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Denial is something that the worker was refused under its profile, and not in
// training.
type Denial struct {
	Kind    string          `json:"kind"`
	Name    trace.Path      `json:"name"`
	What    string          `json:"what,omitempty"`
	Outcome string          `json:"outcome"` // "EROFS"; "seccomp:EPERM" where a filter answered
	Facts   []synth.FactRef `json:"facts"`
	By      []string        `json:"by"`            // the lines or rules responsible
	Allow   []string        `json:"allowed_by"`    // for each of them the line that would allow it, where one does
	Log     []string        `json:"log,omitempty"` // what the kernel said of it
}

// Denials are sorted by what they mean.
type Denials struct {
	// False are those of what training did: the profile, or the text made of it, is
	// wrong.
	False []Denial `json:"false"`
	// Untrained are those of what training never did: the profile is right, and the
	// training incomplete.
	Untrained []Denial `json:"untrained"`
	// Unexplained failed otherwise than in training, and no line is known that would
	// refuse it.
	Unexplained []Denial `json:"unexplained"`
	// Withheld are looks into another process, which training could take because it had
	// every capability of that process, without being asked for one.
	Withheld []Denial `json:"withheld"`
	// Harmless are checks of capabilities that were refused while the call went on,
	// calls that a filter answered as a kernel does that has none such, and removals of
	// names that were not there in training and are not now.
	Harmless []Denial `json:"harmless"`
}

// comparison sets a run under a profile against its training.
type comparison struct {
	profile  Profile
	training *trace.Trace
	granted  *synth.Profile // what follows from training
	seen     *trace.Trace
	widen    func(*trace.Trace) (Profile, error)
	longer   *trace.Trace // training and this run, as if nothing had been refused but looks and removals of nothing
	looks    map[any]bool // facts that are refused looks into another process
	judging
}

// denials finds out what was refused, by what, and what would allow it. The second
// result is the profile of the longer training, in which all of it was allowed.
func (c *comparison) denials() (Denials, Profile, error) {
	refused := refusals(c.seen.Confined(), c.training)
	var err error
	if c.looks, err = c.looksRefused(refused); err != nil {
		return Denials{}, Profile{}, err
	}
	asked := slices.DeleteFunc(slices.Clone(refused), func(r refusal) bool { return c.looks[r.seen] || c.removesNothing(r) })
	c.longer = trace.Merge(c.training, asIf(c.seen, asked))
	wider, err := c.widen(c.longer)
	if err != nil {
		return Denials{}, wider, err
	}
	refusedCapability := map[string][]verdict{} // by subject and call
	found := make([]Denial, len(refused))
	for i, r := range refused {
		verdicts, err := c.responsible(r)
		if err != nil {
			return Denials{}, wider, err
		}
		if f, ok := r.seen.(trace.Capability); ok {
			at := string(r.fact.Subject) + "\x00" + f.Syscall
			refusedCapability[at] = append(refusedCapability[at], verdicts...)
		}
		found[i] = c.denial(r, verdicts, wider)
	}
	var out Denials
	for i, r := range refused {
		d := found[i]
		if _, file := r.seen.(trace.File); file && len(d.By) == 0 {
			// A permission that no path of the profile decides on is one of the inode.
			if v := refusedCapability[string(r.fact.Subject)+"\x00"+r.fact.Syscall]; len(v) > 0 && denies(d.Outcome) {
				d = c.denial(r, v, wider)
			}
		}
		c.sort(&out, r, d)
	}
	for _, list := range []*[]Denial{&out.False, &out.Untrained, &out.Unexplained, &out.Withheld, &out.Harmless} {
		*list = joined(*list)
	}
	return out, wider, nil
}

// responsible asks the text of the profile what refuses something. Of a call that
// a filter refused before it began, the arguments that training saw are asked.
func (c *comparison) responsible(r refusal) ([]verdict, error) {
	v, err := c.profile.judge([]any{r.allowed}, c.seen, c.training, c.judging)
	call, ok := r.seen.(trace.Syscall)
	if err != nil || len(v) > 0 || !ok {
		return v, err
	}
	return c.profile.judge(arguments(call.Name, c.training), c.training, c.training, c.judging)
}

func (c *comparison) denial(r refusal, verdicts []verdict, wider Profile) Denial {
	d := Denial{
		Kind: r.fact.Kind, Name: r.fact.Name, What: r.fact.What, Outcome: r.fact.Outcome, Facts: []synth.FactRef{r.fact.FactRef},
		By: []string{}, Allow: []string{},
	}
	for _, v := range verdicts {
		if slices.Contains(d.By, v.by) {
			continue
		}
		d.By = append(d.By, v.by)
		from := c.seen
		if v.of != r.allowed {
			from = c.training
		}
		if line := c.profile.remedy(v, wider, from, c.training, c.judging); line != "" && !slices.Contains(d.Allow, line) {
			d.Allow = append(d.Allow, line)
		}
	}
	return d
}

// sort puts a denial where it belongs.
func (c *comparison) sort(out *Denials, r refusal, d Denial) {
	trained := c.trained(r)
	to := &out.Untrained
	switch capability, is := r.seen.(trace.Capability); {
	case c.looks[r.seen]:
		to = &out.Withheld
	case is && c.wentOn(capability), c.removesNothing(r):
		to = &out.Harmless
	case len(d.By) == 0 && d.Outcome == trace.Seccomp+"ENOSYS" && trained:
		to = &out.Harmless // clone3 under RestrictNamespaces=: every libc falls back to clone
	case len(d.By) == 0 && !denies(d.Outcome):
		return // it failed, as things do
	case trained:
		to = &out.False
	case len(d.By) == 0:
		to = &out.Unexplained
	}
	*to = append(*to, d)
}

// wentOn says whether the call that a capability was refused in never failed for
// it.
func (c *comparison) wentOn(f trace.Capability) bool {
	return f.Syscall != "" && !slices.ContainsFunc(c.seen.Syscalls, func(s trace.Syscall) bool {
		return s.Subject == f.Subject && s.Name == f.Syscall && (s.Outcome == "EPERM" || s.Outcome == "EACCES")
	})
}

// removesNothing says whether a name was to be removed, or moved away, that training
// found not to be there, and that is not there now. On a file system that is read-only
// the kernel says so before it looks for the name (fs/namei.c: do_rmdir, do_unlinkat,
// do_renameat2). dpkg does so with /usr.dpkg-tmp, which it would have made, had it had
// something to put into /usr anew.
func (c *comparison) removesNothing(r refusal) bool {
	f, ok := r.seen.(trace.File)
	if !ok || f.Outcome != "EROFS" {
		return false
	}
	name := f.Path
	switch f.Access {
	case trace.AccessDelete, trace.AccessRenameFrom:
	case trace.AccessRenameTo:
		name = f.Target // whence
	default:
		return false
	}
	found := false
	for _, t := range c.training.Files {
		if t.Path == f.Path && t.Target == f.Target && t.Access == f.Access {
			if t.Outcome != "ENOENT" {
				return false
			}
			found = true
		}
	}
	return found && missing(name)
}

// joined makes one denial of equal ones, whose facts differ in who and when.
func joined(all []Denial) []Denial {
	same := func(a, b Denial) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(strings.Join(a.By, "\n"), strings.Join(b.By, "\n")))
	}
	slices.SortStableFunc(all, same)
	out := []Denial{}
	for _, d := range all {
		if n := len(out); n > 0 && same(out[n-1], d) == 0 {
			out[n-1].Facts = append(out[n-1].Facts, d.Facts...)
			continue
		}
		out = append(out, d)
	}
	return out
}
