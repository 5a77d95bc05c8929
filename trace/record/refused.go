package record

import (
	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// doubts are about calls that came back without having gone in, as those do that a
// seccomp filter answers (bpf/seccomp.h). Since Linux 7.2 the kernel leaves the probe
// of an entry out while a task that it interrupted in that probe waits for the same
// processor. Behind a filter such a call looks as if it had been refused, so that
// nothing is told of refusals that came while that happened.
type doubts struct {
	before  uint64 // entries left out by when the set was read before
	waiting []refusal
	certain map[bpf.RecorderCallKey]bool // whether it was refused; absent until it was judged
}

type refusal struct {
	key   bpf.RecorderCallKey
	tally bpf.RecorderTally
}

// about says whether a call must not be told now. A filter that ended the thread has
// left other signs than a return.
func (d *doubts) about(k bpf.RecorderCallKey, v bpf.RecorderTally) bool {
	if k.Outcome&outcomeSeccomp == 0 {
		return false
	}
	certain, judged := d.certain[k]
	if !judged {
		d.waiting = append(d.waiting, refusal{k, v})
	}
	return !certain
}

// settle tells the refusals that came since the set was read before, unless entries
// were left out meanwhile: skipped is how many were by the end of this reading.
func (o *observer) settle(skipped uint64) error {
	waiting, calm := o.doubts.waiting, skipped == o.doubts.before
	o.doubts.waiting = nil
	for _, r := range waiting {
		o.doubts.certain[r.key] = calm
		if calm {
			if err := o.syscall(r.key, r.tally); err != nil {
				return err
			}
			continue
		}
		name, _ := o.call(r.key.Call)
		o.holes.add(trace.HoleLost, name+"(2) may have been refused by a seccomp filter, or let in: the kernel skipped the probe of an entry at that time")
	}
	return nil
}

// skips is how often the kernel has left out the probe of an entry.
func (p *probes) skips() uint64 {
	stats, err := p.collection.Programs["enter"].Stats()
	if err != nil {
		return 0
	}
	return stats.RecursionMisses
}

// readSets takes in what is new in the sets.
func (r *recording) readSets(last bool) error {
	skipped := r.skips()
	if err := r.drain(&r.maps, r.symbols, last); err != nil {
		return err
	}
	if err := r.settle(r.skips()); err != nil {
		return err
	}
	r.doubts.before = skipped
	return r.rings()
}
