package synth

// Fold says which names become patterns.
type Fold string

// The choices, each folding more than the one before.
const (
	FoldNone   Fold = "none"   // no name: only what was seen, and it will not hold for long
	FoldStable Fold = "stable" // what the kernel numbers, what the worker made up, what it takes from a queue, and what differs between runs
	FoldBroad  Fold = "broad"  // whatever looks made up, by whomever, names that users chose, and any user's home directory
)

// Folds are the choices in their order.
func Folds() []Fold { return []Fold{FoldNone, FoldStable, FoldBroad} }
