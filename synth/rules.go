package synth

// Rule is a generalisation: it grants what no fact shows, for a stated reason.
type Rule struct {
	Name   string `json:"name"`   // what Evidence.Rules refers to
	Grants string `json:"grants"` // what it adds
	Why    string `json:"why"`
}

// Names of the rules that are not sets of system calls.
const (
	RuleWorker     = "worker-exec"
	RuleSubject    = "subject-exec"
	RuleProcPID    = "proc-pid"
	RuleProcFD     = "proc-fd"
	RulePTS        = "pts"
	RuleUUID       = "uuid"
	RuleTemp       = "temp-name"
	RuleNumber     = "number"
	RuleReply      = "reply-socket"
	RuleTaken      = "taken-name"
	RuleLibrary    = "library-version"
	RuleVersion    = "version"
	RuleRuns       = "runs-differ"
	RuleDate       = "date"
	RuleUnnamed    = "unnamed-file"
	RuleHome       = "home"
	RuleChosen     = "chosen-name"
	RuleDirectory  = "parent-directory"
	RuleLibDir     = "library-directory"
	RuleEntryDir   = "entry-directory"
	RuleRotation   = "log-rotation"
	RulePeer       = "any-peer"
	RuleContainer  = "oci-runtime"
	RuleHanded     = "handed"
	RuleReplay     = "user-replay"
	RuleProgramDir = "program-directory"
)

// Rules lists every generalisation there is, in the order of their making.
func Rules() []Rule {
	rules := []Rule{
		{RuleWorker, "executing the worker itself", "it was started by the recorder, not by itself"},
		{RuleSubject, "executing a program that was seen to run", "its start was not seen, its work was"},
		{RuleProcPID, "any process id in /proc/PID and /proc/PID/task/TID", "process ids differ in every run; 1 stays itself"},
		{RuleProcFD, "any number in /proc/PID/fd, fdinfo and map_files", "descriptors and addresses differ in every run"},
		{RulePTS, "any pseudo-terminal", "terminals are numbered as they are opened"},
		{RuleUUID, "any UUID in the place of one, outside of /dev and /sys", "UUIDs are made to differ"},
		{RuleTemp, "any random part in a name that the worker made", "mkstemp(3) and its like make the name up"},
		{RuleNumber, "any number in a name that the worker made", "process ids, times and counters differ in every run"},
		{RuleReply, "any number in the name of a socket that others made, where two names differ by it", "clients number the sockets that they are answered on"},
		{RuleTaken, "any random part, number or date in a name that others made and the worker took away, where two such names are alike", "what is taken from a queue comes under another name the next time"},
		{RuleLibrary, "any minor version of a library", "a library is replaced by its next version under a running profile"},
		{RuleVersion, "any version where merged runs show different ones", "the runs were made with different versions installed"},
		{RuleRuns, "any word of the same kind where two runs did the same to different names in one operation", "what differs there differs by chance"},
		{RuleDate, "any date in a name that the worker made", "it is another day"},
		{RuleUnnamed, "any number behind # in the name of a file that was opened with O_TMPFILE", "the kernel makes it up of the inode's number"},
		{RuleHome, "the home directory of any user (--fold=broad)", "the worker may be at work for others than in training"},
		{RuleChosen, "any name in a directory in which the worker made three or more (--fold=broad)", "its users choose the names, not the worker"},
		{RuleDirectory, "the directory that holds a file", "the format can't spell the file's name"},
		{RuleLibDir, "the directory that holds a library", "package upgrades replace libraries while the worker runs"},
		{RuleReplay, "a capability over files that the recorded root needed none for", "root owns them; the user that the profile is made for does not"},
		{RuleProgramDir, "the directory that holds a program of a package", "package upgrades replace programs while the worker runs, and a mount shows the old file"},
		{RuleEntryDir, "the directory in which names are made, renamed or removed", "these change the directory, not only the file"},
		{RuleRotation, "the names that a log file has once it is rotated", "logrotate(8) renames it while the worker writes to it, and puts a new one in its place"},
		{RulePeer, "taking in connections and datagrams from any address", "who calls is not the worker's choice"},
		{RuleContainer, "what runc calls between the filter and the worker's start", "the filter of a container holds for the runtime that installs it, too"},
		{RuleHanded, "to a program, what shells before it opened", "a redirection hands the file over open, and using it is not seen as opening it"},
	}
	for _, r := range syscallRules() {
		rules = append(rules, r.Rule)
	}
	return rules
}

func syscallRules() []syscallRule { return append(runtimeRules(), siblingRules()...) }
