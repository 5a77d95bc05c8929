package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/osapi-io/osapi-profile/trace"
)

// How often the sets are drained, and how often the end is looked for once the
// main process has gone. A drain goes through all that is in the sets; after a long
// one comes a rest, so that no more than a tenth of a processor goes into them.
const (
	drainEvery = time.Second
	restFactor = 9
	checkEvery = 20 * time.Millisecond
	meterEvery = 200 * time.Millisecond
)

// Run records a command until it and everything it started have ended. The
// error is a [*NotExecutedError] when the command could not be executed, wraps
// [ErrUnsupported] when this machine cannot record, and is anything else when
// the recording itself failed; the trace is readable in each case.
func Run(ctx context.Context, o Options) (Result, error) {
	return run(ctx, o, capabilityChoices(), functionWays())
}

// run is Run with a choice of ways to see capabilities and functions.
func run(ctx context.Context, o Options, ways []choice, functions []string) (Result, error) {
	var (
		path string
		more []string
		err  error
	)
	if o.Attach != nil {
		more = []string{"attach"}
	} else if path, err = locate(o.Command[0]); err != nil {
		return Result{}, err
	}
	p, err := load(ways, functions, more...)
	if err != nil {
		return Result{}, err
	}
	defer p.close()
	reader, err := ringbuf.NewReader(p.maps.Events)
	if err != nil {
		return Result{}, fmt.Errorf("opening the ring buffer: %w", err)
	}
	defer func() { _ = reader.Close() }()
	r := &recording{Options: o, probes: p, reader: reader, symbols: readSymbols(), meter: newMeter()}
	defer func() { r.tap.close() }()
	if o.Attach != nil {
		defer r.leave()
		err = r.attachTo(ctx)
	} else {
		err = r.start(path)
	}
	if err != nil {
		return Result{}, err
	}
	return r.follow(ctx)
}

// recording is one run in progress.
type recording struct {
	Options
	*observer
	*probes
	reader      *ringbuf.Reader
	worker      *worker     // nil when the recorder attached
	attached    *attachment // nil when it started the worker
	left        bool        // the recording was ended, while what it attached to goes on
	symbols     *symbols
	meter       *meter
	pending     *pending // of the trace, on their way to the file
	started     time.Time
	rested      time.Time        // when the sets may be drained again
	state       *os.ProcessState // of the main process once it has ended
	ending      os.Signal        // the last one that was passed on
	failed      error
	startFailed error // the unit was recorded, but did not come up

	tap     *tap              // on what the worker says; nil unless the plan listens
	running *trace.Operation  // nil while facts belong to none
	done    []trace.Operation // that have ended
}

// begin writes the header, of which it is told who is recorded.
func (r *recording) begin(header trace.Header) error {
	r.started = time.Now()
	r.pending = &pending{to: r.Trace}
	out := trace.NewWriter(r.pending)
	header.Tool, header.Run, header.Started = r.Tool, rand.Text(), r.started.UTC()
	header.Arch, header.Kernel, header.OS = runtime.GOARCH, kernelRelease(), prettyName()
	header.Systemd, header.Root, header.Probes = SystemdVersion(), rootType(), r.chosen
	if err := errors.Join(out.Header(header), r.pending.flush()); err != nil {
		return fmt.Errorf("writing the trace: %w", err)
	}
	mntns, err := namespaceInode("/proc/self/ns/mnt")
	if err != nil {
		return err
	}
	h := newHoles(r.Warn)
	for _, probe := range r.chosen {
		if probe.Hook == "" {
			h.set(trace.HoleNoProbe, "no probe for "+probe.Fact+" facts works on this kernel: nothing that depends on them "+
				"can be derived", 1)
		}
	}
	r.observer = newObserver(newCollector(out, monotonic(), h), runtime.GOARCH, mntns)
	if err := r.variables.MemoryChecks.Set(r.symbols.memoryChecks()); err != nil {
		return fmt.Errorf("arming the probes: %w", err)
	}
	r.requested, r.opens = r.probes.requests, r.functions["security_file_open"]
	return nil
}

// follow takes in what the probes send until the worker is no more.
func (r *recording) follow(ctx context.Context) (Result, error) {
	events := make(chan event, 1<<16)
	go read(r.reader, events)
	r.meanwhile = func() error { return r.attend(events) }
	exited := r.exited()
	tick, check := time.NewTicker(drainEvery), time.NewTicker(checkEvery)
	measure := time.NewTicker(meterEvery)
	defer measure.Stop()
	defer tick.Stop()
	defer check.Stop()
	done := ctx.Done()
	c := r.conduct()
	for running := true; running; {
		select {
		case e := <-events:
			r.fail(r.observe(e))
		case signal := <-r.Signals:
			r.pass(signal)
		case <-done:
			r.pass(syscall.SIGTERM)
			done = nil
		case order := <-c.wants():
			order()
		case m := <-r.Marks:
			r.mark(m)
		case now := <-tick.C:
			r.periodic(now)
		case now := <-measure.C:
			r.meter.sample(r.pids(), now)
		case r.state = <-exited:
			r.worker.reclaim()
			if r.ending != nil {
				r.pass(r.ending)
			}
		case result := <-r.job():
			r.startFailed = r.attached.unit.outcome(result)
		case now := <-check.C:
			running = r.going(now)
		}
		if len(events) == 0 {
			r.fail(r.pending.flush())
		}
	}
	r.concludeOperations(c)
	result, err := r.finish(events)
	result.Operations, result.Failed, result.Stopped = r.done, c.failures(r.done), c.stopped(r.state)
	return result, err
}

// attend takes in what waits by now. A name is looked at as soon as can be: what it
// leads through may be gone later.
func (r *recording) attend(events <-chan event) error {
	for range len(events) {
		if err := r.observe(<-events); err != nil {
			return err
		}
	}
	return nil
}

// going says whether there is anything left to record.
func (r *recording) going(now time.Time) bool {
	if r.attached != nil {
		return !r.left && r.failed == nil && r.attached.going(r, now)
	}
	r.worker.suspendTogether()
	return r.state == nil || len(r.pids()) > 0
}

// read moves events out of the ring buffer as fast as they come.
func read(reader *ringbuf.Reader, events chan<- event) {
	defer close(events)
	var record ringbuf.Record
	for {
		if err := reader.ReadInto(&record); err != nil {
			return // flushed or closed
		}
		if e, err := decodeEvent(record.RawSample); err == nil {
			events <- e
		}
	}
}

// fail ends the writing, not the worker: it goes on unrecorded, and is only
// followed, since signals are still passed on and its end is awaited.
func (r *recording) fail(err error) {
	if err == nil || r.failed != nil {
		return
	}
	r.failed = err
	_ = r.pending.flush() // what was seen before
	r.detachAllBut("fork", "finish")
}

// pass hands a signal on: Ctrl-C to the whole group, as a terminal does, any
// other to the main process, and to what it left behind once it is gone.
func (r *recording) pass(s os.Signal) {
	number, ok := s.(syscall.Signal)
	if !ok {
		return
	}
	switch number {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP:
		r.ending = s
		r.left = r.attached != nil
	}
	switch {
	case r.attached != nil: // it was not started for the recording, and does not end with it
	case r.state == nil && number == syscall.SIGINT:
		_ = syscall.Kill(-r.worker.process.Pid, number)
	case r.state == nil:
		_ = r.worker.process.Signal(number)
	default:
		for _, pid := range r.pids() {
			_ = syscall.Kill(int(pid), number)
		}
	}
}

// pids are the worker's processes. A walk of the map starts again when the
// entry it stands on is deleted, so that some may come twice.
func (r *recording) pids() []uint32 {
	var (
		list  []uint32
		pid   uint32
		since uint64
	)
	for it := r.maps.Processes.Iterate(); it.Next(&pid, &since); {
		list = append(list, pid)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (r *recording) periodic(now time.Time) {
	pids := r.pids()
	if r.failed == nil && !now.Before(r.rested) {
		began := time.Now()
		r.fail(r.readSets(false))
		r.rested = time.Now().Add(restFactor * time.Since(began))
	}
	if r.attached != nil && r.failed == nil {
		r.fail(r.attached.tick(r))
	}
	lost := r.lost()
	if r.failed == nil {
		r.fail(r.holes.write(r.out))
	}
	if r.Status != nil {
		r.Status(Status{Elapsed: now.Sub(r.started), Facts: r.counts(), Recent: r.recent(now), Lost: lost, Tasks: len(pids), Operation: r.operation()})
	}
}

// lossDetails word the reasons of enum loss in bpf/abi.h, in its order.
func lossDetails() []trace.Hole {
	return []trace.Hole{
		{Kind: trace.HoleLost, Detail: "file events were dropped: those that came again later are in the trace all the same"},
		{Kind: trace.HoleLost, Detail: "exec events were dropped: those that came again later are in the trace all the same"},
		{Kind: trace.HoleFull, Detail: "the set of system calls was full"},
		{Kind: trace.HoleFull, Detail: "the set of capability checks was full"},
		{Kind: trace.HoleFull, Detail: "the set of sockets was full"},
		{Kind: trace.HoleFull, Detail: "the set of arguments was full"},
		{Kind: trace.HoleScope, Detail: "a process could not be followed, nor what it started"},
		{Kind: trace.HoleFull, Detail: "the set of programs was full"},
		{Kind: trace.HoleScope, Detail: "programs were executed in the unit's cgroup that are none of its commands: what systemd and PAM " +
			"execute before a command is not the unit's, but if a command is among them, it was not recorded"},
		{Kind: trace.HoleUnresolved, Detail: "a command of the unit stands in lines with and without a prefix that lifts the sandbox, which cannot be " +
			"told apart by its words: what it does is taken to be done in the sandbox"},
	}
}

// lost brings the holes that the probes count up to date.
func (r *recording) lost() (total uint64) {
	for reason, hole := range lossDetails() {
		var counts []uint64
		if r.maps.Losses.Lookup(uint32(reason), &counts) != nil {
			continue
		}
		var sum uint64
		for _, n := range counts {
			sum += n
		}
		r.holes.set(hole.Kind, hole.Detail, sum)
		total += sum
	}
	for name, program := range r.collection.Programs {
		if stats, err := program.Stats(); err == nil && stats.RecursionMisses > 0 {
			r.holes.set(trace.HoleLost, "the kernel skipped the probe "+name+" because it was running already",
				stats.RecursionMisses)
			total += stats.RecursionMisses
		}
	}
	return total
}

// finish reads what is left and closes the trace.
func (r *recording) finish(events <-chan event) (Result, error) {
	r.detach()
	defer r.spaces.close()
	if err := r.reader.Flush(); err != nil && !errors.Is(err, ebpf.ErrNotSupported) {
		return Result{}, fmt.Errorf("reading the last events: %w", err)
	}
	for e := range events {
		if r.failed == nil {
			r.fail(r.observe(e))
		}
	}
	r.lost()
	var tasks uint32
	_ = r.variables.TaskPeak.Get(&tasks)
	result := Result{Facts: r.counts(), Resources: r.meter.finish(r.state, tasks)}
	end := trace.End{Ended: time.Now().UTC(), Resources: result.Resources}
	r.judge(&result, &end)
	if r.failed == nil {
		r.failed = r.conclude(&end)
	}
	result.Facts, result.Holes = r.counts(), r.holes.list()
	if r.failed != nil {
		return result, fmt.Errorf("the recording stopped while the worker went on: %w", r.failed)
	}
	return result, r.startFailed
}

func (r *recording) conclude(end *trace.End) error {
	if err := r.abandon(); err != nil {
		return err
	}
	if err := r.readSets(true); err != nil {
		return err
	}
	if err := r.collector.finish(); err != nil {
		return err
	}
	end.Holes = r.holes.list()
	return errors.Join(r.out.End(*end), r.pending.flush())
}
